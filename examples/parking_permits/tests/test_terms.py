"""How long permits hold, in both calendars."""

from datetime import date, time
from zoneinfo import ZoneInfo

import pytest
from civicportal_parking_permits.terms import last_day_of

from civicportal.api.localization import CityCalendar


def calendar(kind):
    return CityCalendar(
        kind=kind, timezone=ZoneInfo("UTC"), weekend=frozenset({6}), hours=(time(8), time(16))
    )


@pytest.mark.parametrize(
    ("kind", "first", "months", "last"),
    [
        ("gregorian", date(2026, 3, 15), 1, date(2026, 4, 14)),
        ("gregorian", date(2026, 11, 26), 3, date(2027, 2, 25)),
        ("gregorian", date(2026, 11, 30), 3, date(2027, 2, 27)),  # February has no 30th
        ("gregorian", date(2026, 1, 1), 12, date(2026, 12, 31)),
        ("jalali", date(2026, 3, 21), 12, date(2027, 3, 20)),  # 1 Farvardin 1405 to the end of the year
        ("jalali", date(2026, 3, 21), 3, date(2026, 6, 21)),  # three months of 31 days
    ],
)
def test_whole_months_of_the_citys_calendar(kind, first, months, last):
    assert last_day_of(calendar(kind), first, months) == last
