from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicportal.util.calendar import CityCalendar, YearlyHolidays
from civicportal.util.countries import get_country

THURSDAY, FRIDAY = 3, 4
CITY = CityCalendar(
    kind="jalali",
    timezone=ZoneInfo("Asia/Tehran"),
    weekend=frozenset({FRIDAY}),
    half_days=frozenset({THURSDAY}),
    hours=(time(7, 30), time(14, 30)),
    fixed_holidays=get_country("ir").fixed_holidays,
)
SUMMER_TIME_AT_WORK = CityCalendar(
    kind="gregorian",
    timezone=ZoneInfo("Europe/Berlin"),
    weekend=frozenset({5}),
    hours=(time(1, 0), time(5, 0)),
)

moments = st.integers(1_600_000_000, 1_830_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
spans = st.timedeltas(timedelta(), timedelta(days=40))
durations = st.timedeltas(timedelta(seconds=1), timedelta(hours=200))
calendars = st.sampled_from([CITY, SUMMER_TIME_AT_WORK])


def at(month: int, day: int, clock: str, year: int = 1405) -> datetime:
    return CITY.at(CITY.day(year, month, day), time.fromisoformat(clock))


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2026, 11, 24), True),  # Tuesday
        (date(2026, 11, 26), True),  # Thursday, half a day
        (date(2026, 11, 27), False),  # Friday
        (date(2026, 3, 23), False),  # Nowruz, a Monday
        (date(2025, 3, 20), False),  # 30 Esfand, a Thursday
        (date(2027, 2, 11), False),  # 22 Bahman, a Thursday
        (date(2026, 3, 25), True),  # 5 Farvardin
    ],
)
def test_working_days(day: date, working: bool) -> None:
    assert CITY.is_working_day(day) is working
    assert (CITY.office_hours(day) is not None) is working


def test_moving_holidays_and_closures_are_added_to_a_copy() -> None:
    day = date(2026, 11, 24)
    closed = CITY.with_holidays([day]).with_holidays([date(2026, 11, 25)])

    assert not closed.is_working_day(day)
    assert not closed.is_working_day(date(2026, 11, 25))
    assert CITY.is_working_day(day)


def test_holidays_of_the_country_hold_in_a_gregorian_city() -> None:
    city = CityCalendar(
        kind="gregorian",
        timezone=CITY.timezone,
        weekend=frozenset({6}),
        hours=(time(8), time(16)),
        fixed_holidays=YearlyHolidays("jalali", frozenset({(1, 1)})),
    )
    assert not city.is_working_day(date(2026, 3, 21))
    assert city.is_working_day(date(2026, 3, 23))


def test_office_hours() -> None:
    assert CITY.full_day == timedelta(hours=7)
    assert CITY.office_hours(date(2026, 11, 24)) == (at(9, 3, "07:30"), at(9, 3, "14:30"))
    assert CITY.office_hours(date(2026, 11, 26)) == (at(9, 5, "07:30"), at(9, 5, "11:00"))


def test_a_half_day_may_end_when_the_city_says() -> None:
    city = CityCalendar(
        kind="jalali",
        timezone=CITY.timezone,
        weekend=CITY.weekend,
        half_days=CITY.half_days,
        hours=CITY.hours,
        half_day_end=time(13),
    )
    assert city.office_hours(date(2026, 11, 26)) == (at(9, 5, "07:30"), at(9, 5, "13:00"))


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        (at(9, 3, "08:00"), at(9, 3, "09:30"), 1.5),
        (at(9, 3, "05:00"), at(9, 3, "23:00"), 7),
        (at(9, 3, "14:00"), at(9, 4, "08:00"), 1),
        (at(9, 4, "14:30"), at(9, 7, "07:30"), 3.5),  # a Thursday and a Friday between
        (at(9, 6, "00:00"), at(9, 6, "23:59"), 0),  # a Friday
        (at(12, 26, "14:00"), at(1, 5, "08:00", 1406), 4.5),  # the days of Nowruz between
        (at(9, 4, "09:00"), at(9, 3, "09:00"), 0),
    ],
)
def test_working_time_between(start: datetime, end: datetime, hours: float) -> None:
    assert CITY.working_time_between(start, end) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("start", "days", "deadline"),
    [
        (at(9, 1, "09:00"), 1, at(9, 2, "09:00")),
        (at(9, 1, "09:00"), 3, at(9, 4, "09:00")),
        (at(9, 1, "07:30"), 1, at(9, 1, "14:30")),
        (at(9, 1, "05:00"), 1, at(9, 1, "14:30")),
        (at(9, 1, "20:00"), 1, at(9, 2, "14:30")),
        (at(9, 1, "09:00"), 0.5, at(9, 1, "12:30")),
        (at(9, 4, "14:30"), 1, at(9, 7, "11:00")),  # half on Thursday, half on Saturday
        (at(9, 6, "10:00"), 1, at(9, 7, "14:30")),  # asked on a Friday
        (at(9, 1, "09:00"), 0, at(9, 1, "09:00")),
    ],
)
def test_deadlines(start: datetime, days: float, deadline: datetime) -> None:
    assert CITY.add_working_days(start, days) == deadline
    assert CITY.add_working_days(start, days).tzinfo is UTC


def test_a_deadline_passes_over_closures() -> None:
    closed = CITY.with_holidays([CITY.day(1405, 9, 2), CITY.day(1405, 9, 3)])
    assert closed.add_working_days(at(9, 1, "09:00"), 1) == at(9, 4, "09:00")


@given(calendars, moments, spans, spans)
def test_working_time_adds_up(city: CityCalendar, start: datetime, one: timedelta, two: timedelta) -> None:
    middle, end = start + one, start + one + two

    assert city.working_time_between(start, end) == (
        city.working_time_between(start, middle) + city.working_time_between(middle, end)
    )
    assert city.working_time_between(start, end) <= one + two


@given(calendars, moments, durations)
def test_the_time_added_is_the_time_between(city: CityCalendar, start: datetime, duration: timedelta) -> None:
    end = city.add_working_time(start, duration)

    assert city.working_time_between(start, end) == duration
    assert city.working_time_between(start, end - timedelta(seconds=1)) < duration


@given(calendars, moments, durations)
def test_the_latest_start_is_the_last_from_which_the_time_has_passed(
    city: CityCalendar, end: datetime, duration: timedelta
) -> None:
    start = city.subtract_working_time(end, duration)

    assert city.add_working_time(start, duration) <= end
    assert city.add_working_time(start + timedelta(seconds=1), duration) > end - timedelta(seconds=1) * (
        not duration
    )


@given(calendars, moments, durations, durations)
def test_adding_twice_is_adding_the_sum(
    city: CityCalendar, start: datetime, one: timedelta, two: timedelta
) -> None:
    assert city.add_working_time(city.add_working_time(start, one), two) == city.add_working_time(
        start, one + two
    )


@given(moments, spans, durations)
def test_who_starts_later_is_not_due_earlier(start: datetime, later: timedelta, duration: timedelta) -> None:
    assert CITY.add_working_time(start, duration) <= CITY.add_working_time(start + later, duration)


def test_time_is_not_taken_back() -> None:
    with pytest.raises(ValueError, match="negative"):
        CITY.add_working_days(at(9, 1, "09:00"), -1)


@pytest.mark.parametrize(
    ("now", "share"),
    [
        (at(9, 1, "07:00"), 0.0),
        (at(9, 1, "07:30"), 0.0),
        (at(9, 2, "07:30"), 0.25),
        (at(9, 2, "14:30"), 0.5),
        (at(9, 2, "22:00"), 0.5),
        (at(9, 4, "08:54"), 0.8),
        (at(9, 4, "14:30"), 1.0),
        (at(9, 6, "12:00"), 1.0),
    ],
)
def test_share_used(now: datetime, share: float) -> None:
    opened = at(9, 1, "07:30")
    deadline = CITY.add_working_days(opened, 4)

    assert CITY.share_used(opened, deadline, now) == pytest.approx(share)


@given(moments, durations, spans, spans)
def test_the_share_only_grows(opened: datetime, duration: timedelta, one: timedelta, two: timedelta) -> None:
    deadline = CITY.add_working_time(opened, duration)
    shares = [CITY.share_used(opened, deadline, opened + passed) for passed in (one, one + two)]

    assert 0 <= shares[0] <= shares[1] <= 1


def test_a_case_without_deadline_does_not_age() -> None:
    assert CITY.share_used(at(9, 1, "09:00"), datetime(9000, 1, 1, tzinfo=UTC), at(9, 20, "09:00")) == 0


def test_a_deadline_with_no_office_hour_before_it_is_used_up() -> None:
    assert CITY.share_used(at(9, 6, "09:00"), at(9, 6, "18:00"), at(9, 6, "10:00")) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"hours": (time(14), time(7))},
        {"hours": (time(7), time(7))},
        {"weekend": frozenset(range(7))},
        {"half_day_end": time(15)},
        {"half_day_end": time(7, 30)},
    ],
)
def test_a_calendar_without_working_time_is_refused(wrong: dict[str, object]) -> None:
    fields: dict[str, object] = {
        "kind": "jalali",
        "timezone": CITY.timezone,
        "weekend": frozenset({FRIDAY}),
        "hours": (time(7, 30), time(14, 30)),
    }
    with pytest.raises(ValueError):
        CityCalendar(**{**fields, **wrong})


@pytest.mark.parametrize(
    ("weekend", "first"),
    [({4}, 5), ({5, 6}, 0), ({4, 5}, 6), ({6}, 0), (set(), 0), ({3, 4}, 5)],
    ids=["Friday", "Saturday and Sunday", "Friday and Saturday", "Sunday", "none", "Thursday and Friday"],
)
def test_the_week_begins_after_the_weekend(weekend: set[int], first: int) -> None:
    week = replace(CITY, weekend=frozenset(weekend)).week
    assert week[0] == first
    assert sorted(week) == list(range(7))
