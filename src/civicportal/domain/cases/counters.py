"""The counters of cases: their keys and measures."""

from datetime import date
from typing import TYPE_CHECKING, NamedTuple, cast

from sqlalchemy import Table

from civicportal.core.counters import Summed
from civicportal.domain.cases.counter_models import CaseCount, CaseMonthCount, CaseTotal
from civicportal.util.calendar.months import month_of

if TYPE_CHECKING:
    from civicportal.core.work import Work


class CountKey(NamedTuple):
    """The key of a daily or monthly counter: see :class:`~civicportal.domain.cases.counter_models.DatedCounter`."""

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


BY_DAY, BY_MONTH, IN_ALL = (
    Summed(cast("Table", model.__table__), MEASURES) for model in (CaseCount, CaseMonthCount, CaseTotal)
)


def add_to_counters(work: "Work", key: CountKey, values: Values) -> None:
    """Add to the counters of a day, its month and in total."""
    month = key._replace(day=month_of(key.day, work.site.calendar))
    work.counters.add(BY_DAY, key, values)
    work.counters.add(BY_MONTH, month, values)
    work.counters.add(IN_ALL, key.undated, values)
