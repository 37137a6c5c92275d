from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicportal.util.calendar import InvalidDate
from civicportal.util.calendar.dates import CalendarKind, from_calendar, parse_date, to_calendar
from civicportal.util.calendar.formats import WEEKDAYS
from civicportal.util.calendar.local import LocalDates

TEHRAN = LocalDates(kind="jalali", timezone=ZoneInfo("Asia/Tehran"))
BERLIN = LocalDates(kind="gregorian", timezone=ZoneInfo("Europe/Berlin"))
NOW = datetime(2026, 11, 24, 6, 10, tzinfo=UTC)

LEAP_YEARS = {
    *(1342, 1346, 1350, 1354, 1358, 1362, 1366, 1370, 1375, 1379, 1383, 1387, 1391, 1395, 1399, 1403, 1408),
    *(1412, 1416, 1420, 1424, 1428, 1432, 1436, 1441, 1445, 1449),
}

days = st.dates(date(1921, 3, 21), date(2120, 3, 19))
moments = st.integers(1_420_000_000, 2_200_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
kinds: st.SearchStrategy[CalendarKind] = st.sampled_from(["jalali", "gregorian"])


@pytest.mark.parametrize(
    ("gregorian", "jalali", "weekday"),
    [
        (date(1979, 2, 11), (1357, 11, 22), "یکشنبه"),
        (date(2000, 1, 1), (1378, 10, 11), "شنبه"),
        (date(2022, 9, 21), (1401, 6, 30), "چهارشنبه"),
        (date(2024, 3, 19), (1402, 12, 29), "سه‌شنبه"),
        (date(2024, 3, 20), (1403, 1, 1), "چهارشنبه"),
        (date(2025, 3, 20), (1403, 12, 30), "پنجشنبه"),
        (date(2025, 3, 21), (1404, 1, 1), "جمعه"),
        (date(2025, 11, 24), (1404, 9, 3), "دوشنبه"),
        (date(2026, 3, 20), (1404, 12, 29), "جمعه"),
        (date(2026, 3, 21), (1405, 1, 1), "شنبه"),
        (date(2026, 11, 24), (1405, 9, 3), "سه‌شنبه"),
        (date(2028, 3, 20), (1407, 1, 1), "دوشنبه"),
        (date(2029, 3, 19), (1407, 12, 29), "دوشنبه"),
        (date(2029, 3, 20), (1408, 1, 1), "سه‌شنبه"),
        (date(2030, 3, 20), (1408, 12, 30), "چهارشنبه"),
        (date(2030, 3, 21), (1409, 1, 1), "پنجشنبه"),
        (date(2124, 3, 20), (1503, 1, 1), "دوشنبه"),
    ],
)
def test_known_days(gregorian: date, jalali: tuple[int, int, int], weekday: str) -> None:
    assert TEHRAN.year_month_day(gregorian) == jalali
    assert TEHRAN.day(*jalali) == gregorian
    assert TEHRAN.format_date(gregorian).startswith(weekday)


@pytest.mark.parametrize("year", range(1342, 1450))
def test_leap_years(year: int) -> None:
    length = (TEHRAN.day(year + 1, 1, 1) - TEHRAN.day(year, 1, 1)).days
    assert length == (366 if year in LEAP_YEARS else 365)


@given(kinds, days)
def test_conversion_comes_back(kind: CalendarKind, day: date) -> None:
    assert from_calendar(kind, *to_calendar(kind, day)) == day


@pytest.mark.parametrize(
    "text",
    [
        "۱۴۰۵/۹/۳",
        "1405/09/03",
        "1405-09-03",
        "۱۴۰۵.۹.۳",
        "١٤٠٥/٩/٣",
        " 1405 / 9 / 3 ",
        "\u200f۱۴۰۵/۰۹/۰۳\u200e",
    ],
)
def test_ways_of_typing_a_day(text: str) -> None:
    assert TEHRAN.parse_date(text) == date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1404/12/30", "The calendar has no such day."),
        ("1405/07/31", "The calendar has no such day."),
        ("1405/13/01", "The calendar has no such day."),
        ("1405/00/10", "The calendar has no such day."),
        ("0000/01/01", "The calendar has no such day."),
        ("0001/01/01", "The calendar has no such day."),
        ("2026/11/24", "Enter the date in the Solar Hijri calendar."),
        ("05/9/3", "Enter the date as in ۱۴۰۵/۰۹/۰۳."),
        ("1405/9-3", "Enter the date as in ۱۴۰۵/۰۹/۰۳."),
        ("14050903", "Enter the date as in ۱۴۰۵/۰۹/۰۳."),
        ("१४०५/९/३", "Enter the date as in ۱۴۰۵/۰۹/۰۳."),
        ("فردا", "Enter the date as in ۱۴۰۵/۰۹/۰۳."),
        ("", "Enter the date as in ۱۴۰۵/۰۹/۰۳."),
    ],
)
def test_invalid_jalali_dates_are_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidDate) as caught:
        TEHRAN.parse_date(text)
    assert caught.value.reason.interpolate() == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026/02/29", "The calendar has no such day."),
        ("9999/12/31", "The calendar has no such day."),
        ("1405/09/03", "Enter the date in the Gregorian calendar."),
        ("24.11.2026", "Enter the date as in 2026/11/24."),
    ],
)
def test_invalid_gregorian_dates_are_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidDate) as caught:
        BERLIN.parse_date(text)
    assert caught.value.reason.interpolate() == reason


@given(kinds, days, st.sampled_from(["fa", "en"]))
def test_the_short_format_is_read_back(kind: CalendarKind, day: date, locale: str) -> None:
    written = LocalDates(kind=kind, timezone=TEHRAN.timezone).format_date(day, "short", locale)

    assert parse_date(kind, written) == day
    assert len(written) == 10


@given(st.text())
def test_any_text_is_a_day_or_an_invalid_date(text: str) -> None:
    try:
        parsed = TEHRAN.parse_date(text)
    except InvalidDate:
        return
    assert isinstance(parsed, date)


def test_styles() -> None:
    day = date(2026, 11, 24)

    assert TEHRAN.format_date(day) == "سه‌شنبه ۳ آذر ۱۴۰۵"
    assert TEHRAN.format_date(day, "medium") == "۳ آذر ۱۴۰۵"
    assert TEHRAN.format_date(day, "short") == "۱۴۰۵/۰۹/۰۳"
    assert TEHRAN.format_date(day, "short", "en") == "1405/09/03"
    assert TEHRAN.format_date(day, "day_month") == "۳ آذر"
    assert TEHRAN.format_date(day, "weekday") == "سه‌شنبه ۳ آذر"
    assert TEHRAN.format_date(day, "month") == "آذر ۱۴۰۵"
    assert TEHRAN.format_date(day, "long", "en") == "Tuesday 3 Azar 1405"
    assert BERLIN.format_date(day, "long", "en") == "Tuesday 24 November 2026"
    assert BERLIN.format_date(day, "long", "fa") == "سه‌شنبه ۲۴ نوامبر ۲۰۲۶"


def test_a_moment_is_written_by_the_clock_of_the_city() -> None:
    late = datetime(2026, 11, 23, 20, 45, tzinfo=UTC)

    assert TEHRAN.format_date(late, "medium") == "۳ آذر ۱۴۰۵"
    assert TEHRAN.format_time(late) == "۰۰:۱۵"
    assert TEHRAN.format_time(late, "en") == "00:15"


def test_the_year_is_written_unless_it_is_the_present_one() -> None:
    assert TEHRAN.format_datetime(NOW) == "سه‌شنبه ۳ آذر ۱۴۰۵، ۰۹:۴۰"
    assert TEHRAN.format_datetime(NOW, NOW + timedelta(days=30)) == "سه‌شنبه ۳ آذر، ۰۹:۴۰"
    assert TEHRAN.format_datetime(NOW, datetime(2027, 3, 21, tzinfo=UTC)) == "سه‌شنبه ۳ آذر ۱۴۰۵، ۰۹:۴۰"
    # A period that ends at midnight ends with the day before.
    assert TEHRAN.format_end(datetime(2026, 11, 27, 20, 30, tzinfo=UTC), NOW) == "جمعه ۶ آذر"
    assert TEHRAN.format_end(NOW, NOW) == TEHRAN.format_datetime(NOW, NOW)
    assert BERLIN.format_datetime(NOW, NOW, "en") == "Tuesday 24 November, 07:10"


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (timedelta(seconds=0), "moments ago"),
        (timedelta(seconds=-59), "moments ago"),
        (timedelta(minutes=-1), "۱ min ago"),
        (timedelta(minutes=-59), "۵۹ min ago"),
        (timedelta(hours=-1), "۱ h ago"),
        (timedelta(hours=-3), "۳ h ago"),
        (timedelta(hours=-12), "yesterday"),
        (timedelta(days=-3), "۳ days ago"),
        (timedelta(days=-30), "۳۰ days ago"),
        (timedelta(days=-31), "۲ آبان ۱۴۰۵"),
        (timedelta(seconds=5), "in a moment"),
        (timedelta(minutes=5), "in ۵ min"),
        (timedelta(hours=5), "in ۵ h"),
        (timedelta(days=1), "tomorrow"),
        (timedelta(days=4), "in ۴ days"),
        (timedelta(days=31), "۴ دی ۱۴۰۵"),
    ],
)
def test_distance_from_now(distance: timedelta, text: str) -> None:
    said = TEHRAN.relative(NOW + distance, NOW)
    assert getattr(said, "interpolate", said.strip)() == text


def test_two_minutes_across_midnight_are_minutes() -> None:
    midnight, _ = TEHRAN.day_bounds(date(2026, 11, 24))
    said = TEHRAN.relative(midnight - timedelta(minutes=1), midnight + timedelta(minutes=1), "en")
    assert said == "${n} min ago"


@given(moments, moments)
def test_some_distance_is_always_said(moment: datetime, now: datetime) -> None:
    assert TEHRAN.relative(moment, now)


@pytest.mark.parametrize(
    ("moment", "local"),
    [
        (datetime(2022, 9, 21, 19, 0, tzinfo=UTC), "2022-09-21T23:30:00+04:30"),
        (datetime(2022, 9, 21, 20, 30, tzinfo=UTC), "2022-09-22T00:00:00+03:30"),
        (datetime(2023, 7, 1, tzinfo=UTC), "2023-07-01T03:30:00+03:30"),
        (datetime(2021, 7, 1, tzinfo=UTC), "2021-07-01T04:30:00+04:30"),
    ],
)
def test_the_clock_of_tehran(moment: datetime, local: str) -> None:
    assert TEHRAN.local(moment).isoformat() == local


@given(moments)
def test_each_moment_lies_in_its_day(moment: datetime) -> None:
    for dates in (TEHRAN, BERLIN):
        today = dates.today(moment)
        first, following = dates.day_bounds(today)
        assert first <= moment < following
        assert first.tzinfo is UTC


def test_a_day_on_which_the_clock_is_changed() -> None:
    first, following = BERLIN.day_bounds(date(2026, 3, 29))
    assert following - first == timedelta(hours=23)


def test_moments_of_other_zones_are_understood_and_naive_ones_refused() -> None:
    assert TEHRAN.today(datetime(2026, 11, 24, 22, tzinfo=timezone(timedelta(hours=-5)))) == date(
        2026, 11, 25
    )
    with pytest.raises(ValueError, match="naive"):
        TEHRAN.today(NOW.replace(tzinfo=None))


@given(days)
def test_the_weekday_is_the_same_in_both_calendars(day: date) -> None:
    name = WEEKDAYS["fa"][day.weekday()]

    assert TEHRAN.format_date(day).startswith(name)
    assert BERLIN.format_date(day).startswith(name)
