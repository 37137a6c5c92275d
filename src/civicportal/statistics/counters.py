"""The counters that a unit of work collects, to be written right before the commit."""

from datetime import date
from typing import NamedTuple, cast

from sqlalchemy import Table

from civicportal.calendar import CityCalendar
from civicportal.statistics.models import CaseCount, CaseMonthCount
from civicportal.statistics.periods import month_of
from civicportal.statistics.summing import Row, Summed


class CountKey(NamedTuple):
    """Which counter: see :class:`~civicportal.statistics.models.Counter`."""

    kind: str
    day: date
    stage: str
    status: str
    category_id: int
    unit_id: int


MEASURES = ("n", "on_time", "late", "reopened", "rated", "satisfied", "hops")
"""What is counted of the cases behind one key; ``docs/metrics.md`` says what each means."""

Values = tuple[int, ...]
"""One number for each of :data:`MEASURES`."""


class Counts(dict[CountKey, Values]):
    """What a unit of work adds to the counters."""

    def add(self, key: CountKey, values: Values, sign: int) -> None:
        """Add the values, or with a sign of -1 take them away."""
        before = self.get(key, (0,) * len(MEASURES))
        self[key] = tuple(old + sign * new for old, new in zip(before, values, strict=True))


BY_DAY, BY_MONTH = (Summed(cast("Table", model.__table__), MEASURES) for model in (CaseCount, CaseMonthCount))


def counted_rows(counts: Counts, calendar: CityCalendar) -> dict[Summed, list[Row]]:
    """Return what is added to the counters of days and of months."""
    months = Counts()
    for key, values in counts.items():
        months.add(key._replace(day=month_of(key.day, calendar)), values, 1)
    return {BY_DAY: _rows(counts), BY_MONTH: _rows(months)}


def _rows(counts: Counts) -> list[Row]:
    return [(*key, *values) for key, values in counts.items() if any(values)]
