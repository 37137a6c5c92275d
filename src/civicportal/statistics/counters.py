"""Writing the counters that a unit of work collected, as one sorted upsert right before the commit."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from sqlalchemy.orm import Session

from civicportal.db import Engines
from civicportal.statistics.models import CaseCount


class CountKey(NamedTuple):
    """Which counter: see :class:`~civicportal.statistics.models.CaseCount`."""

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


def write_counts(engines: Engines, session: Session, counts: Iterable[tuple[CountKey, Values]]) -> None:
    """Add to the counters in one statement; sorted, so that two units of work never wait crosswise."""
    rows = [
        {**key._asdict(), **dict(zip(MEASURES, values, strict=True))}
        for key, values in sorted(counts)
        if any(values)
    ]
    if not rows:
        return
    statement = engines.insert(CaseCount).values(rows)
    added = {name: getattr(CaseCount, name) + statement.excluded[name] for name in MEASURES}
    session.execute(statement.on_conflict_do_update(index_elements=list(CountKey._fields), set_=added))
