"""The counters that a unit of work collects, to be written right before the commit."""

from datetime import date
from typing import NamedTuple, TypeVar, cast

from sqlalchemy import Table

from civicportal.calendar import CityCalendar
from civicportal.statistics.models import CaseCount, CaseMonthCount, CaseTotal
from civicportal.statistics.periods import month_of
from civicportal.statistics.summing import Row, Summed


class CountKey(NamedTuple):
    """Which counter of a day or a month: see :class:`~civicportal.statistics.models.DatedCounter`."""

    kind: str
    day: date
    stage: str
    status: str
    category_id: int
    unit_id: int

    @property
    def undated(self) -> "TotalKey":
        """Return the key of the same cases of all the time."""
        return TotalKey(self.kind, *self[2:])


class TotalKey(NamedTuple):
    """Which counter of all the time."""

    kind: str
    stage: str
    status: str
    category_id: int
    unit_id: int


MEASURES = ("n", "on_time", "late", "reopened", "rated", "satisfied", "hops")
"""What is counted of the cases behind one key; ``docs/metrics.md`` says what each means."""

Values = tuple[int, ...]
"""One number for each of :data:`MEASURES`."""


Key = TypeVar("Key", CountKey, TotalKey)


class Counts(dict[Key, Values]):
    """What a unit of work adds to the counters."""

    def add(self, key: Key, values: Values, sign: int) -> None:
        """Add the values, or with a sign of -1 take them away."""
        before = self.get(key, (0,) * len(MEASURES))
        self[key] = tuple(old + sign * new for old, new in zip(before, values, strict=True))


BY_DAY, BY_MONTH, IN_ALL = (
    Summed(cast("Table", model.__table__), MEASURES) for model in (CaseCount, CaseMonthCount, CaseTotal)
)


def counted_rows(counts: Counts[CountKey], calendar: CityCalendar) -> dict[Summed, list[Row]]:
    """Return what is added to the counters of days, of months and of all the time."""
    months, totals = Counts[CountKey](), Counts[TotalKey]()
    for key, values in counts.items():
        months.add(key._replace(day=month_of(key.day, calendar)), values, 1)
        totals.add(key.undated, values, 1)
    return {BY_DAY: _rows(counts), BY_MONTH: _rows(months), IN_ALL: _rows(totals)}


def _rows(counts: Counts[Key]) -> list[Row]:
    return [tuple(key) + values for key, values in counts.items() if any(values)]
