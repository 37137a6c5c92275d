"""Days, weekdays and hours that the database computes are those of the city, before and after clocks were set."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from civicportal.calendar.sql import city_day, city_hour, city_weekday, quarter_of_an_hour
from civicportal.cases.models import Case
from civicportal.testing import make_case

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
