"""Writing the counters that a unit of work collected, as one sorted upsert right before the commit."""

from collections.abc import Mapping
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


def write_counts(engines: Engines, session: Session, counts: Mapping[CountKey, int]) -> None:
    """Add to the counters in one statement; sorted, so that two units of work never wait crosswise."""
    rows = [{**key._asdict(), "n": n} for key, n in sorted(counts.items()) if n]
    if not rows:
        return
    statement = engines.insert(CaseCount).values(rows)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=list(CountKey._fields), set_={"n": CaseCount.n + statement.excluded.n}
        )
    )
