"""Working time from sums over days is what the calendar says day by day."""

import random
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from civicportal.util.calendar import CityCalendar
from civicportal.util.calendar.elapsed import ElapsedTime

FIRST = datetime(2026, 3, 1, tzinfo=UTC)


def test_equals_the_calendar():
    rng = random.Random(7)
    calendar = CityCalendar(
        kind="jalali",
        timezone=ZoneInfo("Asia/Tehran"),
        weekend=frozenset({4}),
        half_days=frozenset({3}),
        hours=(time(7, 30), time(14, 30)),
        holidays=frozenset({FIRST.date() + timedelta(days=9)}),
    )
    elapsed = ElapsedTime(calendar, FIRST, FIRST + timedelta(days=60))
    for _ in range(400):
        start = FIRST + timedelta(minutes=rng.randint(0, 60 * 24 * 55))
        end = start + timedelta(minutes=rng.randint(-600, 60 * 24 * 5))
        assert elapsed.between(start, end) == calendar.working_time_between(start, end)
