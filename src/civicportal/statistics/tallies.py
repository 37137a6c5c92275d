"""Counters that a kind of case keeps besides those of every case, for instance of the places of reports."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from civicportal.statistics.summing import Row, Summed

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
        return list(self.summed.keys)

    @property
    def summed(self) -> Summed:
        """Return the table as one that is added to."""
        return Summed(self.model.__table__, ("n",))


class TallyCounts(dict[tuple[Tally, Place], int]):
    """What a unit of work adds to such counters."""

    def add(self, tally: Tally, place: Place, sign: int) -> None:
        """Count one more, or with a sign of -1 one less."""
        self[tally, place] = self.get((tally, place), 0) + sign


def tallied_rows(counts: TallyCounts) -> dict[Summed, list[Row]]:
    """Return what is added to each table of such counters, the tables in the order of their names."""
    found: dict[Summed, list[Row]] = {}
    for (tally, place), n in sorted(counts.items(), key=lambda item: item[0][0].model.__table__.name):
        if n:
            found.setdefault(tally.summed, []).append((*place, n))
    return found
