"""Counters that a kind of case keeps besides those of every case, for instance of the places of reports."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from civicportal.db import Engines

if TYPE_CHECKING:
    from civicportal.cases.models import Case
    from civicportal.work import Work

Place = tuple[Any, ...]
"""A value for each column of the primary key, in their order."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """A table of counters, written in the transaction of what is counted.

    :ivar model: a table whose columns are its primary key, and ``n``.
    :ivar places: returns where a case counts, a value for each column of the primary key; nothing where it does not.
    :ivar live: returns the query for the same columns and their number from the cases themselves.
    """

    model: type[Any]
    places: Callable[["Case", "Work"], Iterable[Place]]
    live: Callable[[], Any]

    @property
    def names(self) -> list[str]:
        """Return the names of the columns that say where."""
        return [column.name for column in inspect(self.model).primary_key]


class TallyCounts(dict[tuple[Tally, Place], int]):
    """What a unit of work adds to such counters."""

    def add(self, tally: Tally, place: Place, sign: int) -> None:
        """Count one more, or with a sign of -1 one less."""
        self[tally, place] = self.get((tally, place), 0) + sign


def write_tallies(engines: Engines, session: Session, counts: TallyCounts) -> None:
    """Add to the counters, one statement a table; sorted, so that two units of work never wait crosswise."""
    for tally in sorted({tally for tally, _ in counts}, key=lambda tally: str(tally.model.__tablename__)):
        _write(
            engines, session, tally, ((place, n) for (of, place), n in counts.items() if of == tally and n)
        )


def _write(engines: Engines, session: Session, tally: Tally, counts: Iterable[tuple[Place, int]]) -> None:
    names, model = tally.names, tally.model
    rows = [dict(zip([*names, "n"], [*place, n], strict=True)) for place, n in sorted(counts)]
    if not rows:
        return
    statement = engines.insert(model).values(rows)
    session.execute(
        statement.on_conflict_do_update(index_elements=names, set_={"n": model.n + statement.excluded.n})
    )
