"""Additional counters of a kind of case."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from civicportal.core.counters import Summed

if TYPE_CHECKING:
    from civicportal.core.work import Work
    from civicportal.domain.cases.models import Case

Place = tuple[Any, ...]
"""A value for each column of the primary key, in order."""


@dataclass(frozen=True, kw_only=True)
class CounterTable:
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
        """Return the table for :func:`civicportal.core.counters.add_up`."""
        return Summed(self.model.__table__, ("n",))
