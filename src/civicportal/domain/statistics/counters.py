"""Counters that a unit of work collects and writes right before the commit."""

from datetime import date
from typing import NamedTuple, TypeVar, cast

from sqlalchemy import Table

from civicportal.domain.statistics.models import CaseCount, CaseMonthCount, CaseTotal
from civicportal.domain.statistics.periods import month_of
from civicportal.domain.statistics.summing import Row, Summed
from civicportal.util.calendar import CityCalendar


class CountKey(NamedTuple):
    """The key of a daily or monthly counter: see :class:`~civicportal.domain.statistics.models.DatedCounter`."""

    kind: str
    day: date
    stage: str
    status: str
    category_id: int
    unit_id: int

    @property
    def undated(self) -> "TotalKey":
        """Return the key of the total counter of the same cases."""
        return TotalKey(self.kind, *self[2:])


class TotalKey(NamedTuple):
    """The key of a total counter."""

    kind: str
    stage: str
    status: str
    category_id: int
    unit_id: int


MEASURES = ("n", "on_time", "late", "reopened", "rated", "satisfied", "hops")
"""The columns of a counter; ``docs/metrics.md`` defines each."""

Values = tuple[int, ...]
"""One number for each of :data:`MEASURES`."""


Key = TypeVar("Key", CountKey, TotalKey)


class Counts(dict[Key, Values]):
    """The increments of a unit of work."""

    def add(self, key: Key, values: Values, sign: int) -> None:
        """Add the values, or subtract them with a sign of -1."""
        before = self.get(key, (0,) * len(MEASURES))
        self[key] = tuple(old + sign * new for old, new in zip(before, values, strict=True))


BY_DAY, BY_MONTH, IN_ALL = (
    Summed(cast("Table", model.__table__), MEASURES) for model in (CaseCount, CaseMonthCount, CaseTotal)
)


def counted_rows(counts: Counts[CountKey], calendar: CityCalendar) -> dict[Summed, list[Row]]:
    """Return the increments of daily, monthly and total counters."""
    months, totals = Counts[CountKey](), Counts[TotalKey]()
    for key, values in counts.items():
        months.add(key._replace(day=month_of(key.day, calendar)), values, 1)
        totals.add(key.undated, values, 1)
    return {BY_DAY: _rows(counts), BY_MONTH: _rows(months), IN_ALL: _rows(totals)}


def _rows(counts: Counts[Key]) -> list[Row]:
    return [tuple(key) + values for key, values in counts.items() if any(values)]
