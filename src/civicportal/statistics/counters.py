"""Writing the counters that a unit of work collected, as one sorted upsert right before the commit."""

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from civicportal.calendar import CityCalendar
from civicportal.db import Base, Engines
from civicportal.statistics.models import CaseCount, CaseMonthCount
from civicportal.statistics.periods import month_of


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


def write_counts(engines: Engines, session: Session, counts: Counts, calendar: CityCalendar) -> None:
    """Add to the counters of days and of months; sorted, so that two units of work never wait crosswise."""
    months = Counts()
    for key, values in counts.items():
        months.add(key._replace(day=month_of(key.day, calendar)), values, 1)
    written = [(CaseCount, counts), (CaseMonthCount, months)]
    statements = [_upsert(engines, model, rows) for model, found in written if (rows := _rows(found))]
    if len(statements) == 2 and engines.dialect == "postgresql":
        # Both on one way to the server.
        by_day, by_month = statements
        statements = [by_day.add_cte(by_month.cte("by_month"))]
    for statement in statements:
        session.execute(statement)


def _rows(counts: Counts) -> list[dict[str, Any]]:
    found = sorted((key, values) for key, values in counts.items() if any(values))
    return [{**key._asdict(), **dict(zip(MEASURES, values, strict=True))} for key, values in found]


def _upsert(engines: Engines, model: type[Base], rows: list[dict[str, Any]]) -> Any:
    table = model.__table__
    statement = engines.insert(table).values(rows)
    added = {name: table.c[name] + statement.excluded[name] for name in MEASURES}
    return statement.on_conflict_do_update(index_elements=list(CountKey._fields), set_=added)
