"""Cases of a kind within the actor's scope.

:func:`civicportal.domain.cases.access.rights.visible` is the rule for a single case. Most cases that an officer sees
are in their own units, found by an index; the others are known by referrals, and mostly few.
"""

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, false, or_, select, true

from civicportal.core.work import Service
from civicportal.domain.cases.access.indexed import in_own_units, visible_by_referral
from civicportal.domain.cases.access.rights import sees_all, visible
from civicportal.domain.cases.models import Case
from civicportal.util.lists import MOST_COUNTED, Total, capped_total, count_rows
from civicportal.util.queries import Rows

if TYPE_CHECKING:
    from civicportal.core.work import Work


class CaseScope(Service):
    """Conditions for the actor's scope, by kind."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self._in_other_units: dict[tuple[str, date | None], ColumnElement[bool] | None] = work.memo()
        self._numbers: dict[str, Total] = work.memo()

    def listed(self, kind: str) -> ColumnElement[bool]:
        """Return the condition for a list of which one page is read.

        If there are many cases, an ordered scan fills a page soon; if there are few, it would examine hundreds of
        thousands of others, so they are selected directly: by the actor's units, and by the ids of the few in other
        units.
        """
        if sees_all(self.work.actor, kind):
            return visible(self.work.actor, walked=True)
        own = self._own(kind)
        if own.number:
            return self._named(kind) if own.exact else visible(self.work.actor, walked=True)
        # For units without cases PostgreSQL would scan the whole list.
        in_other_units = self.in_other_units(kind)
        return false() if in_other_units is None else in_other_units

    def seen(self, kind: str, since: date | None = None) -> ColumnElement[bool]:
        """Return the condition for reading all cases.

        :param since: the first day of those that are asked for, where there is one: the condition need not hold for
            older ones.
        """
        if sees_all(self.work.actor, kind):
            return true()
        return self._named(kind, since)

    def in_other_units(self, kind: str, since: date | None = None) -> ColumnElement[bool] | None:
        """Return the condition for cases outside the actor's units.

        It is None if there are none. The ids are loaded once per page.

        :param since: as for :meth:`seen`.
        """
        self.read_other_units([kind], since)
        return self._in_other_units[kind, since]

    def read_other_units(self, kinds: Collection[str], since: date | None = None) -> None:
        """Load the ids that :meth:`in_other_units` uses, of several kinds together."""
        new = [kind for kind in kinds if (kind, since) not in self._in_other_units]
        if new:
            moment = self.work.site.calendar.begin(since)
            found = visible_by_referral(self.work, new, moment)
            self._in_other_units.update({(kind, since): found[kind] for kind in new})

    def total(self, kind: str, query: Rows) -> Total:
        """Count the visible rows, up to a maximum.

        :param query: selects from ``Case``, of this kind alone.
        """
        if sees_all(self.work.actor, kind):
            return count_rows(self.session, query)
        # The actor's own units first: a large unit exceeds the maximum quickly.
        found = count_rows(self.session, query.where(in_own_units(self.work.actor, kind)))
        in_other_units = self.in_other_units(kind) if found.exact else None
        if in_other_units is None:
            return found
        others = count_rows(self.session, query.where(in_other_units), MOST_COUNTED - found.number)
        return capped_total(found.number + others.number + (not others.exact), MOST_COUNTED)

    def _named(self, kind: str, since: date | None = None) -> ColumnElement[bool]:
        own, in_other_units = in_own_units(self.work.actor, kind), self.in_other_units(kind, since)
        return own if in_other_units is None else or_(own, in_other_units)

    def _own(self, kind: str) -> Total:
        """Return the number of rows in the actor's own units, counted up to the maximum."""
        if kind not in self._numbers:
            query = select(Case.id).where(Case.kind == kind, in_own_units(self.work.actor, kind))
            self._numbers[kind] = count_rows(self.session, query)
        return self._numbers[kind]
