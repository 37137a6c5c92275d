"""Spans of days, and the steps of a trend."""

from dataclasses import replace
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from civicportal.domain.statistics.named_periods import Whole, around, span_of
from civicportal.domain.statistics.periods import (
    Bucket,
    Span,
    buckets,
    so_many_months_later,
    step_of,
    whole_months,
)
from civicportal.util.calendar import CityCalendar

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


@pytest.mark.parametrize(
    ("period", "today", "shown", "compared"),
    [
        ("recent", "1405/09/05", ("1405/08/06", "1405/09/05"), ("1405/07/06", "1405/08/05")),
        ("week", "1405/09/05", ("1405/08/30", "1405/09/05"), ("1405/08/23", "1405/08/28")),
        ("month", "1405/09/05", ("1405/09/01", "1405/09/05"), ("1405/08/01", "1405/08/05")),
        # The 31st of Ordibehesht ends its month: it is whole, and so is Farvardin.
        ("month", "1405/02/31", ("1405/02/01", "1405/02/31"), ("1405/01/01", "1405/01/31")),
        # Esfand has 29 days: the 30th of Farvardin has no day beside it.
        ("month", "1405/01/30", ("1405/01/01", "1405/01/30"), ("1404/12/01", "1404/12/29")),
        ("season", "1405/09/05", ("1405/07/01", "1405/09/05"), ("1405/04/01", "1405/06/05")),
        ("year", "1405/09/05", ("1405/01/01", "1405/09/05"), ("1404/01/01", "1404/09/05")),
        # 1403 was a leap year.
        ("year", "1403/12/30", ("1403/01/01", "1403/12/30"), ("1402/01/01", "1402/12/29")),
        ("1405-08", "1405/09/05", ("1405/08/01", "1405/08/30"), ("1405/07/01", "1405/07/30")),
        ("1405-07", "1405/09/05", ("1405/07/01", "1405/07/30"), ("1405/06/01", "1405/06/31")),
        ("1405-09", "1405/09/05", ("1405/09/01", "1405/09/05"), ("1405/08/01", "1405/08/05")),
        ("1404", "1405/09/05", ("1404/01/01", "1404/12/29"), ("1403/01/01", "1403/12/30")),
        ("1405", "1405/09/05", ("1405/01/01", "1405/09/05"), ("1404/01/01", "1404/09/05")),
        ("1406-01", "1405/09/05", ("1406/01/01", "1406/01/31"), ("1405/12/01", "1405/12/29")),
    ],
)
def test_a_period_is_compared_with_the_same_days_before(period, today, shown, compared):
    span = span_of(period, None, None, CALENDAR, CALENDAR.parse_date(today))
    assert tuple(written(span)) == shown
    assert tuple(written(span.before)) == compared


def test_the_29th_of_february_has_no_day_beside_it():
    calendar = replace(CALENDAR, kind="gregorian")
    span = span_of("year", None, None, calendar, date(2028, 2, 29))
    assert span.before == Span(first=date(2027, 1, 1), last=date(2027, 2, 28))
    assert so_many_months_later(date(2028, 1, 31), 1, calendar) == date(2028, 2, 29)


@pytest.mark.parametrize(
    "text",
    ["1405-13", "1405-00", "0000", "9999-01", "1405-8", "month2", "", "140508", "1700", "1699-12", "0900"],
)
def test_invalid_months_are_none(text):
    assert Whole.read(text, CALENDAR) is None


def test_a_month_offers_those_beside_it():
    found = around("1405-08", CALENDAR, TODAY)
    assert [str(one) for one in (found.earlier, found.shown, found.later)] == [
        "1405-07",
        "1405-08",
        "1405-09",
    ]
    this = around("month", CALENDAR, TODAY)
    assert (str(this.earlier), str(this.shown), this.later) == ("1405-08", "1405-09", None)
    first = around("1405-01", CALENDAR, TODAY)
    assert str(first.earlier) == "1404-12"
    assert around("1000-01", CALENDAR, TODAY).earlier is None
    assert [str(one) for one in found.months[:3]] == ["1405-09", "1405-08", "1405-07"]


def test_other_days_offer_the_month_before_this_one():
    found = around(None, CALENDAR, TODAY)
    assert (str(found.earlier), found.shown, found.later) == ("1405-08", None, None)
    year = around("1404", CALENDAR, TODAY)
    assert (str(year.earlier), str(year.later)) == ("1403", "1405")


def test_days_that_are_named_go_before_the_period():
    first, last = CALENDAR.day(1405, 1, 1), CALENDAR.day(1405, 1, 31)
    assert span_of("week", first, last, CALENDAR, TODAY) == Span(first=first, last=last)
    assert span_of("week", first, None, CALENDAR, TODAY) == Span(first=first, last=TODAY)
    assert span_of("all", None, None, CALENDAR, TODAY) == Span()


def test_days_that_are_named_end_today_too_unless_they_have_not_begun():
    first, last = CALENDAR.day(1405, 9, 1), CALENDAR.day(1405, 9, 25)
    span = span_of(None, first, last, CALENDAR, TODAY)
    assert span == Span(first=first, last=TODAY)
    assert written(span.before) == ["1405/08/26", "1405/08/30"]
    assert span_of(None, None, last, CALENDAR, TODAY) == Span(last=TODAY)
    assert span_of(None, last, last, CALENDAR, TODAY) == Span(first=last, last=last)
    assert span_of(None, last, None, CALENDAR, TODAY) == Span(first=last)


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
