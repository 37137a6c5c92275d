"""The cases of a kind that the actor may see, in the form that a question wants: a page of them, all, or how many.

:func:`civicportal.domain.cases.access.rights.visible` says the same of each case by itself. Most of what an officer sees lies in their own units,
which an index has together; what they see besides is known by its lines, and mostly little.
"""

from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, false, or_, select, true

from civicportal.core.work import Service
from civicportal.domain.cases.access.reach import by_line, in_own_units
from civicportal.domain.cases.access.rights import sees_all, visible
from civicportal.domain.cases.models import Case
from civicportal.util.lists import (
    MOST_COUNTED,
    Total,
    count_rows,
    so_many,
)

if TYPE_CHECKING:
    from civicportal.core.work import Work

Rows = Select[*tuple[Any, ...]]


class CaseScope(Service):
    """What the actor may see, kind by kind."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self._elsewhere: dict[tuple[str, date | None], ColumnElement[bool] | None] = work.memo()
        self._numbers: dict[str, Total] = work.memo()

    def listed(self, kind: str) -> ColumnElement[bool]:
        """Return the condition for a list of which no more than a page is read.

        Of much, whoever walks along the list soon meets a page of it; of little, hundreds of thousands of others would be
        looked at for each, so it is named: what lies in the actor's units, and the ids of the few that lie elsewhere.
        """
        if sees_all(self.work.actor, kind):
            return visible(self.work.actor, walked=True)
        own = self._own(kind)
        if own.number:
            return self._named(kind) if own.exact else visible(self.work.actor, walked=True)
        # Asked for units that have none, PostgreSQL would go along the whole list in the hope of some.
        elsewhere = self.elsewhere(kind)
        return false() if elsewhere is None else elsewhere

    def seen(self, kind: str, since: date | None = None) -> ColumnElement[bool]:
        """Return the condition for whoever reads all of them.

        :param since: the first day of those that are asked for, where there is one: the condition need not hold for older ones.
        """
        if sees_all(self.work.actor, kind):
            return true()
        return self._named(kind, since)

    def elsewhere(self, kind: str, since: date | None = None) -> ColumnElement[bool] | None:
        """Return the condition for those outside the actor's own units; None if there is none.

        Gathered once, they are not looked for again by each number of a page.

        :param since: as for :meth:`seen`.
        """
        if (kind, since) not in self._elsewhere:
            moment = self.work.site.calendar.begin(since)
            self._elsewhere[kind, since] = by_line(self.work, kind, moment)
        return self._elsewhere[kind, since]

    def total(self, kind: str, query: Rows) -> Total:
        """Count those among the rows of a query; never all of many.

        :param query: selects from ``Case``, of this kind alone.
        """
        if sees_all(self.work.actor, kind):
            return count_rows(self.session, query)
        # In the actor's own units first: of a large one this is more than is counted, and soon met.
        found = count_rows(self.session, query.where(in_own_units(self.work.actor, kind)))
        elsewhere = self.elsewhere(kind) if found.exact else None
        if elsewhere is None:
            return found
        others = count_rows(self.session, query.where(elsewhere), MOST_COUNTED - found.number)
        return so_many(found.number + others.number + (not others.exact), MOST_COUNTED)

    def _named(self, kind: str, since: date | None = None) -> ColumnElement[bool]:
        own, elsewhere = in_own_units(self.work.actor, kind), self.elsewhere(kind, since)
        return own if elsewhere is None else or_(own, elsewhere)

    def _own(self, kind: str) -> Total:
        """Return how many lie in the actor's own units; of many no more than are counted."""
        if kind not in self._numbers:
            query = select(Case.id).where(Case.kind == kind, in_own_units(self.work.actor, kind))
            self._numbers[kind] = count_rows(self.session, query)
        return self._numbers[kind]
