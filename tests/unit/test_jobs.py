"""When a job is due, by the clock of the city."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicportal.core.jobs import Job, next_time_of_day
from civicportal.util.calendar.local import LocalDates


def calendar(zone="Europe/Berlin"):
    return LocalDates(kind="gregorian", timezone=ZoneInfo(zone))


def job(**values):
    return Job(name="test.job", run=lambda site: None, **values)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({}, "one of every and at"),
        ({"at": "03:00", "every": timedelta(hours=1)}, "one of every and at"),
        ({"at": "25:00"}, "at: '25:00' is no time of day"),
        ({"at": "3:00"}, "no time of day"),
        ({"at": "03:60"}, "no time of day"),
        ({"at": "03:00\n"}, "no time of day"),
        ({"at": "۰۳:۰۰"}, "no time of day"),
        ({"every": timedelta(0)}, "no pause"),
        ({"every": timedelta(seconds=-1)}, "no pause"),
        ({"at": "03:00", "lane": "fast"}, "lane: 'fast' is none of messages, usual, long"),
    ],
)
def test_nonsense_is_named(values, problem):
    assert problem in job(**values).flaw


@pytest.mark.parametrize("values", [{"at": "00:00"}, {"at": "23:59"}, {"every": timedelta(seconds=1)}])
def test_what_makes_sense_has_no_flaw(values):
    assert job(**values).flaw == ""


def test_a_time_that_the_change_to_summer_skips_comes_an_hour_later_and_once():
    # On 2026-03-29 the clock goes from 02:00 (UTC+1) to 03:00 (UTC+2).
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    first = next_time_of_day("02:30", before, calendar())
    assert first == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert calendar().local(first).strftime("%H:%M") == "03:30"
    assert next_time_of_day("02:30", first, calendar()) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


def test_a_time_that_comes_twice_in_autumn_counts_once():
    # On 2026-10-25 the clock goes from 03:00 (UTC+2) to 02:00 (UTC+1).
    before = datetime(2026, 10, 24, 12, tzinfo=UTC)
    first = next_time_of_day("02:30", before, calendar())
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert next_time_of_day("02:30", first, calendar()) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


START = datetime(2020, 1, 1, tzinfo=UTC)
ZONES = st.sampled_from(["Asia/Tehran", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "UTC"])
MOMENTS = st.integers(0, 7 * 366 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))
TIMES = st.times().map(lambda clock: f"{clock:%H:%M}")


@given(ZONES, MOMENTS, TIMES)
def test_every_day_of_the_city_has_one_run(zone, after, at):
    city = calendar(zone)
    first = next_time_of_day(at, after, city)
    assert after < first <= after + timedelta(hours=26)
    second = next_time_of_day(at, first, city)
    assert city.today(second) == city.today(first) + timedelta(days=1)
    nightly = job(at=at)
    assert nightly.is_plausible(first, after, city)
    assert nightly.is_plausible(second, after, city)
    assert not nightly.is_plausible(next_time_of_day(at, second, city), after, city)
