"""Spans of days, and the steps of a trend."""

from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from civicportal.calendar import CityCalendar
from civicportal.statistics.periods import Bucket, Span, buckets, span_of, step_of, whole_months

CALENDAR = CityCalendar(
    kind="jalali", timezone=ZoneInfo("Asia/Tehran"), weekend=frozenset({4}), hours=(time(7, 30), time(14, 30))
)
TODAY = CALENDAR.day(1405, 9, 5)


def written(span):
    return [CALENDAR.format_date(day, "short", "en") if day else None for day in (span.first, span.last)]


@pytest.mark.parametrize(
    ("period", "first"),
    [
        ("week", "1405/08/30"),
        ("month", "1405/09/01"),
        ("season", "1405/07/01"),
        ("year", "1405/01/01"),
        ("recent", "1405/08/06"),
    ],
)
def test_a_period_ends_today(period, first):
    assert written(span_of(period, None, None, CALENDAR, TODAY)) == [first, "1405/09/05"]


def test_days_that_are_named_go_before_the_period():
    first, last = CALENDAR.day(1405, 1, 1), CALENDAR.day(1405, 1, 31)
    assert span_of("week", first, last, CALENDAR, TODAY) == Span(first=first, last=last)
    assert span_of("week", first, None, CALENDAR, TODAY) == Span(first=first, last=TODAY)
    assert span_of("all", None, None, CALENDAR, TODAY) == Span()


def test_the_span_before_is_as_long_and_ends_the_day_before():
    span = Span(first=date(2026, 5, 10), last=date(2026, 5, 19))
    assert span.before == Span(first=date(2026, 4, 30), last=date(2026, 5, 9))
    assert Span(first=date(2026, 5, 10)).before is None
    assert Span(first=date(2026, 5, 10), last=date(2026, 5, 1)).before is None


@pytest.mark.parametrize("step", ["day", "week", "month"])
def test_steps_hold_each_day_once(step):
    first = CALENDAR.day(1403, 11, 20)
    found = buckets(first, TODAY, step, CALENDAR)
    days = [day for bucket in found for day in bucket.days]
    assert days == [first + timedelta(days=number) for number in range((TODAY - first).days + 1)]
    if step == "month":
        # Esfand of the leap year 1403 has thirty days.
        assert Bucket(first=CALENDAR.day(1403, 12, 1), last=CALENDAR.day(1403, 12, 30)) in found
    if step == "week":
        assert {bucket.first.weekday() for bucket in found[1:]} == {5}


@pytest.mark.parametrize(
    ("wish", "days", "step"),
    [
        (None, 30, "day"),
        (None, 120, "week"),
        (None, 400, "month"),
        ("day", 900, "month"),
        ("week", 300, "week"),
    ],
)
def test_a_trend_stays_readable(wish, days, step):
    assert step_of(wish, days) == step


@pytest.mark.parametrize(
    ("first", "last", "months", "days"),
    [
        (None, None, (None, None), []),
        ("1405/07/01", "1405/08/30", ("1405/07/01", "1405/08/30"), []),
        ("1405/07/01", None, ("1405/07/01", None), []),
        (None, "1405/08/29", (None, "1405/07/30"), [("1405/08/01", "1405/08/29")]),
        (
            "1405/06/31",
            "1405/08/01",
            ("1405/07/01", "1405/07/30"),
            [("1405/06/31", "1405/06/31"), ("1405/08/01", "1405/08/01")],
        ),
        ("1405/07/02", "1405/08/29", None, [("1405/07/02", "1405/08/29")]),
        ("1405/07/02", "1405/07/30", None, [("1405/07/02", "1405/07/30")]),
        ("1404/12/02", None, ("1405/01/01", None), [("1404/12/02", "1404/12/29")]),
    ],
)
def test_a_span_is_whole_months_and_what_is_left(first, last, months, days):
    span = Span(first=first and CALENDAR.parse_date(first), last=last and CALENDAR.parse_date(last))
    whole, left = whole_months(span, CALENDAR)
    assert (tuple(written(whole)) if whole else None) == months
    assert [tuple(written(piece)) for piece in left] == days


def test_a_span_holds_its_days():
    first, last = CALENDAR.day(1405, 1, 1), CALENDAR.day(1405, 1, 31)
    one = timedelta(days=1)
    span = Span(first=first, last=last)
    assert [span.holds(day) for day in (first - one, first, last, last + one)] == [False, True, True, False]
    assert Span().holds(first)
    assert Span(last=last).holds(first)
