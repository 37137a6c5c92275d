"""Saving, sharing and ordering of own views, and the choice of columns."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from civicportal.core.security import Identity
from civicportal.core.work import Service
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.access.rights import led_units
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.own_views.models import ListColumns, SavedView
from civicportal.util.errors import NotFound, Refused
from civicportal.util.i18n import _
from civicportal.util.lists import move
from civicportal.util.persian import key

MOST = 30
"""Maximum number of views of a person, and of a unit, over all lists."""
LONGEST_QUERY = 2000
"""Maximum characters of the names and values of a saved filter."""
PERSONAL = frozenset({"citizen", "person"})
"""Filters that mean one citizen; they are never saved."""
SHARED = "shared_views"
"""Cache key of the views of all units."""


NAME_TAKEN = _("There is another view with this name for this list.")
TOO_MANY = _(
    "There are ${count} views already, which is the maximum. Delete one first.", mapping={"count": MOST}
)
TOO_LONG = _("This filter is too long to be saved.")


@dataclass(frozen=True, kw_only=True)
class OwnSettings:
    """What a person has saved for lists.

    :ivar views: their views, in order.
    :ivar columns: chosen columns by page.
    """

    views: tuple[SavedView, ...] = ()
    columns: Mapping[str, tuple[str, ...]]


class OwnViewService(Service):
    """Own views of the actor, and those of their units.

    A view consists of filters only: what it lists is decided by the rights of the person who opens it. A shared view
    belongs to a unit. Members of the unit and of units below it see it; the head of the unit shares, changes and
    deletes it, as administrators may for every unit.
    """

    # -- reading --------------------------------------------------------------------------------------------

    def of_page(self, page: str) -> list[SavedView]:
        """Return the views of a list: own ones, then those of the actor's units.

        They are cached, so a list needs no statement for them.
        """
        return [view for view in (*self._own.views, *self._of_units()) if view.page == page]

    def columns(self, page: str) -> tuple[str, ...] | None:
        """Return the columns that the actor has chosen for a list; None without a choice."""
        return self._own.columns.get(page)

    def own(self) -> tuple[SavedView, ...]:
        """Return the actor's views of all lists."""
        return self._own.views

    def manageable(self) -> list[SavedView]:
        """Return the shared views that the actor may change."""
        return [view for view in self._shared() if self.may_manage(view)]

    def readable(self) -> list[SavedView]:
        """Return the shared views that the actor sees and may not change."""
        return [view for view in self._of_units() if not self.may_manage(view)]

    def may_manage(self, view: SavedView) -> bool:
        """Return whether the actor may change a view."""
        if view.unit_id is None:
            return view.user_id == self.work.actor.user_id
        return self.may_share(view.unit_id)

    def may_share(self, unit_id: int) -> bool:
        """Return whether the actor may share views within a unit."""
        units = led_units(self.work.actor)
        return units is None or unit_id in units

    def units(self) -> list[tuple[int, str]]:
        """Return the ids and names of the active units within which the actor may share views."""
        tree = self.work.get(OrganizationService).units
        return [
            (unit.id, unit.name) for unit in tree.by_id.values() if unit.active and self.may_share(unit.id)
        ]

    def fetch(self, view_id: int) -> SavedView:
        """Return a view that the actor may change.

        :raises NotFound: for any other.
        """
        view = self.session.get(SavedView, view_id)
        if view is None or not self.may_manage(view):
            raise NotFound("no such view")
        return view

    # -- changing -------------------------------------------------------------------------------------------

    def save(self, page: str, name: str, query: Mapping[str, str]) -> SavedView:
        """Save filters as a view of the actor.

        :param query: parameters of the URL; those that mean one citizen are left out.
        :raises Refused: when they have one of that name for the list, or too many, or the filter is too long.
        """
        owner = self.work.actor.person_id
        siblings = self._siblings(owner, None)
        self._check(siblings, page, name)
        kept = {field: text for field, text in query.items() if text and field not in PERSONAL}
        if sum(len(field) + len(text) for field, text in kept.items()) > LONGEST_QUERY:
            raise Refused(TOO_LONG)
        view = SavedView(user_id=owner, page=page, name=name, query=kept, position=_after(siblings))
        with self._unless_taken():
            self.session.add(view)
        return view

    def change(self, view: SavedView, name: str, unit_id: int | None) -> None:
        """Rename a view, or give it to a unit or to the actor.

        :param unit_id: the unit that shares it; None for the actor alone.
        :raises NotFound: when the actor may not share views within the unit.
        :raises Refused: when the owner has another one of that name for the list, or too many.
        """
        if unit_id is not None and not self.may_share(unit_id):
            raise NotFound("no such unit")
        owner = None if unit_id is not None else self.work.actor.person_id
        siblings = self._siblings(owner, unit_id)
        moves = (view.user_id, view.unit_id) != (owner, unit_id)
        self._check([one for one in siblings if one.id != view.id], view.page, name, adds=moves)
        before = view.unit_id
        if moves:
            view.user_id, view.unit_id, view.position = owner, unit_id, _after(siblings)
        with self._unless_taken():
            view.name = name
        if unit_id is not None:
            self._record("view:share" if moves else "view:change", view, unit_id)
        elif before is not None:
            self._record("view:unshare", view, before)

    def move(self, view: SavedView, by: int) -> None:
        """Swap a view with the previous (-1) or the next one (1) of its owner and list."""
        rows = [one for one in self._siblings(view.user_id, view.unit_id) if one.page == view.page]
        move(rows, view, by)

    def delete(self, view: SavedView) -> None:
        """Delete a view."""
        if view.unit_id is not None:
            self._record("view:delete", view, view.unit_id)
        self.session.delete(view)
        self.session.flush()

    def choose(self, page: str, names: Iterable[str]) -> None:
        """Save the columns of a list that the actor wants to see."""
        owner, chosen = self.work.actor.person_id, list(names)
        row = self.session.get(ListColumns, (owner, page))
        if row is None:
            try:
                with self.work.savepoint():
                    self.session.add(ListColumns(user_id=owner, page=page, names=chosen))
                return
            except IntegrityError:
                # The same person has chosen in another tab at this moment.
                row = self.session.get_one(ListColumns, (owner, page))
        row.names = chosen
        self.session.flush()

    def reset_columns(self, page: str) -> None:
        """Show the default columns of a list again."""
        row = self.session.get(ListColumns, (self.work.actor.person_id, page))
        if row is not None:
            self.session.delete(row)
            self.session.flush()

    # -- inside ---------------------------------------------------------------------------------------------

    @property
    def _own(self) -> OwnSettings:
        user_id = self.work.actor.user_id
        if user_id is None:
            return OwnSettings(columns={})
        return self.work.reference(f"own_views:{user_id}", partial(_read_own, user_id))

    def _shared(self) -> tuple[SavedView, ...]:
        return self.work.reference(SHARED, _read_shared)

    def _of_units(self) -> list[SavedView]:
        shared = self._shared()
        if not shared:
            return []
        units = _seen_units(self.work.actor)
        tree = self.work.get(OrganizationService).units
        return [view for view in shared if view.unit_id and units & tree.subtree(view.unit_id)]

    @contextmanager
    def _unless_taken(self) -> Iterator[None]:
        """Refuse a name that a concurrent request has given to another view of the owner."""
        try:
            with self.work.savepoint():
                yield
        except IntegrityError as error:
            raise Refused(NAME_TAKEN) from error

    def _siblings(self, user_id: int | None, unit_id: int | None) -> list[SavedView]:
        """Return the views of an owner in their order, of all lists."""
        theirs = SavedView.user_id == user_id if unit_id is None else SavedView.unit_id == unit_id
        query = select(SavedView).where(theirs).order_by(SavedView.position, SavedView.id)
        return list(self.session.scalars(query))

    @staticmethod
    def _check(siblings: list[SavedView], page: str, name: str, *, adds: bool = True) -> None:
        if any(one.page == page and key(one.name) == key(name) for one in siblings):
            raise Refused(NAME_TAKEN)
        if adds and len(siblings) >= MOST:
            raise Refused(TOO_MANY)

    def _record(self, action: str, view: SavedView, unit_id: int) -> None:
        self.work.get(AuditService).record(action, view=view.id, unit=unit_id, page=view.page)


def _seen_units(identity: Identity) -> frozenset[int]:
    """Return the units to which a person belongs, also as a deputy or head."""
    return frozenset(grant.unit_id for grant in identity.grants if grant.unit_id is not None)


def _after(siblings: Iterable[SavedView]) -> int:
    return max((one.position for one in siblings), default=0) + 1


def _read_own(user_id: int, session: Session) -> OwnSettings:
    views = select(SavedView).where(SavedView.user_id == user_id).order_by(SavedView.position, SavedView.id)
    columns = select(ListColumns).where(ListColumns.user_id == user_id)
    return OwnSettings(
        views=tuple(session.scalars(views)),
        columns={row.page: tuple(row.names) for row in session.scalars(columns)},
    )


def _read_shared(session: Session) -> tuple[SavedView, ...]:
    query = select(SavedView).where(SavedView.unit_id.is_not(None))
    return tuple(session.scalars(query.order_by(SavedView.unit_id, SavedView.position, SavedView.id)))
