"""Additional counters of a kind of case, for instance of the places of reports."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from civicportal.domain.statistics.summing import Row, Summed

if TYPE_CHECKING:
    from civicportal.core.work import Work
    from civicportal.domain.cases.models import Case

Place = tuple[Any, ...]
"""A value for each column of the primary key, in order."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """A table of counters, written in the transaction of the change.

    :ivar model: a table whose columns are its primary key, and ``n``.
    :ivar places: returns the counters of a case, a value for each column of the primary key.
    :ivar live: returns the query for the same columns and their number from the cases.
    """

    model: type[Any]
    places: Callable[["Case", "Work"], Iterable[Place]]
    live: Callable[[], Any]

    @property
    def names(self) -> list[str]:
        """Return the names of the key columns."""
        return list(self.summed.keys)

    @property
    def summed(self) -> Summed:
        """Return the table for :func:`add_up`."""
        return Summed(self.model.__table__, ("n",))


class TallyCounts(dict[tuple[Tally, Place], int]):
    """The increments of a unit of work."""

    def add(self, tally: Tally, place: Place, sign: int) -> None:
        """Increment, or decrement with a sign of -1."""
        self[tally, place] = self.get((tally, place), 0) + sign


def tallied_rows(counts: TallyCounts) -> dict[Summed, list[Row]]:
    """Return the increments of each table, tables ordered by name."""
    found: dict[Summed, list[Row]] = {}
    for (tally, place), n in sorted(counts.items(), key=lambda item: item[0][0].model.__table__.name):
        if n:
            found.setdefault(tally.summed, []).append((*place, n))
    return found
