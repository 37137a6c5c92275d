"""Days, weekdays and hours that the database computes are those of the city, before and after clocks were set."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from civicportal.core.db.dates import city_day, city_hour, city_weekday, quarter_of_an_hour
from civicportal.domain.cases.models import Case
from civicportal.testing import make_case
from civicportal.util.calendar.local import LocalDates

pytestmark = pytest.mark.both_databases

#: Iran has set no clock since September 2022; Amsterdam still does.
ZONES = ["Asia/Tehran", "Europe/Amsterdam", "Asia/Kathmandu"]


@pytest.mark.parametrize("name", ZONES)
def test_are_those_of_python(site, name):
    rng, zone = random.Random(name), ZoneInfo(name)
    edges = [datetime(2022, 9, 21, 19, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)]
    moments = [edge + timedelta(minutes=step) for edge in edges for step in (-61, -1, 0, 1, 59)]
    moments += [
        datetime(2005, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randint(0, 13_000_000)) for _ in range(40)
    ]
    with site.work() as work:
        case = make_case(work)
        columns = [part(Case.created_at, zone) for part in (city_day, city_weekday, city_hour)]
        for moment in moments:
            work.session.execute(update(Case).where(Case.id == case.id).values(created_at=moment))
            local = moment.astimezone(zone)
            found = tuple(work.session.execute(select(*columns)).one())
            assert found == (local.date(), local.weekday(), local.hour), moment
            since = work.session.scalar(select(city_day(Case.created_at, zone, moment)))
            assert since == local.date()
            begun = select(quarter_of_an_hour(Case.created_at).label("quarter")).subquery().c.quarter
            parts = [part(begun, zone) for part in (city_day, city_weekday, city_hour)]
            quarter, *found = work.session.execute(select(begun, *parts)).one()
            assert quarter == moment.replace(minute=moment.minute // 15 * 15)
            assert tuple(found) == (local.date(), local.weekday(), local.hour), moment


#: Leap years, as the calendar center of the University of Tehran gives them.
LEAP = {1383, 1387, 1391, 1395, 1399, 1403, 1408, 1412, 1416, 1420}


def jalali(day: date) -> tuple[int, int, int]:
    """Return year, month and day, counted from the first day of 1384 with nothing of the portal's own."""
    left, year = (day - date(2005, 3, 21)).days, 1384
    while left >= (length := 366 if year in LEAP else 365):
        left, year = left - length, year + 1
    month = left // 31 if left < 186 else 6 + (left - 186) // 30
    return year, month + 1, left - (31 * month if month < 6 else 186 + 30 * (month - 6)) + 1


def test_days_of_four_hundred_moments_are_those_of_the_persian_calendar(site):
    rng, zone = random.Random(1405), ZoneInfo("Asia/Tehran")
    dates = LocalDates(kind="jalali", timezone=zone)
    # Leap days and the first of years, at midnight in Tehran, which is half past eight in the evening UTC.
    edges = [datetime(year, 3, day, 20, 30, tzinfo=UTC) for year in (2025, 2030) for day in (18, 19, 20, 21)]
    moments = [edge + timedelta(seconds=step) for edge in edges for step in (-1, 0, 1)]
    while len(moments) < 400:
        moments.append(datetime(2022, 9, 22, tzinfo=UTC) + timedelta(seconds=rng.randrange(570_000_000)))
    with site.work() as work:
        case = make_case(work)
        for moment in moments:
            work.session.execute(update(Case).where(Case.id == case.id).values(created_at=moment))
            day = work.session.scalar(select(city_day(Case.created_at, zone)))
            # No clock has been set there since September 2022.
            assert day == (moment + timedelta(hours=3, minutes=30)).date(), moment
            assert dates.year_month_day(day) == jalali(day), moment
    assert {(1403, 12, 30), (1408, 12, 30), (1404, 1, 1)} <= {
        jalali((moment + timedelta(hours=3, minutes=30)).date()) for moment in moments
    }
