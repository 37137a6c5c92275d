"""The list of members: search and displayed data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, exists, false, func, select
from sqlalchemy.orm import selectinload

from civicportal.core.work import Service
from civicportal.domain.accounts.models import Membership, User
from civicportal.domain.accounts.rights import RightsService
from civicportal.domain.cases.query_parser import read
from civicportal.domain.cases.search import occurs
from civicportal.domain.kartable.transfer import TransferService
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.persian import alphabetical, store

if TYPE_CHECKING:
    from civicportal.core.work import Work

PAGE_SIZE = 50


@dataclass(frozen=True, kw_only=True)
class MemberQuery:
    """Filters of the list; None means no filter.

    :ivar who: "staff" or "citizens".
    :ivar state: "active", "unseen", "disabled" or "deleted"; None excludes the deleted.
    :ivar role: id of a role that is held.
    :ivar unit: id of a unit in which, or below which, a role is held.
    :ivar citizen: one person by id.
    :ivar size: most members of a page.
    """

    who: str = "staff"
    q: str = ""
    state: str | None = None
    role: int | None = None
    unit: int | None = None
    citizen: int | None = None
    size: int = PAGE_SIZE


@dataclass(frozen=True, kw_only=True)
class MemberPage:
    """A page of members, and the ids of its neighbours.

    :ivar cases: the number of cases each has to act on, by id.
    """

    rows: Sequence[User]
    cases: dict[int, int]
    next: int | None
    previous: int | None


class MemberDirectory(Service):
    """Search members.

    Staff by name, citizens newest first; only those whose page the actor may open.
    """

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.rights = work.get(RightsService)

    def page(self, query: MemberQuery, *, after: int | None = None, before: int | None = None) -> MemberPage:
        """Return one page.

        :param after: id of the last member of the previous page.
        :param before: id of the first member of the next page; it takes precedence over ``after``.
        """
        place, backwards = before or after, before is not None
        ids = self._ids(query, place, backwards)
        more, ids = len(ids) > query.size, ids[: query.size]
        if backwards:
            ids.reverse()
        found = select(User).where(User.id.in_(ids)).options(selectinload(User.memberships))
        people = {user.id: user for user in self.session.scalars(found)}
        rows = [people[id_] for id_ in ids]
        return MemberPage(
            rows=rows,
            cases=self.work.get(TransferService).open_actions([row.id for row in rows]),
            next=rows[-1].id if rows and (more or backwards) else None,
            previous=rows[0].id if rows and (more if backwards else place) else None,
        )

    def counts(self) -> dict[str, int]:
        """Return the numbers of staff and citizens, without the deleted."""
        is_staff = User.username.is_not(None)
        present = (User.deleted_at.is_(None), User.machine.is_(False), self.rights.seen())
        query = select(is_staff, func.count()).where(*present).group_by(is_staff)
        found = {bool(staff): number for staff, number in self.session.execute(query)}
        return {"staff": found.get(True, 0), "citizens": found.get(False, 0)}

    def _ids(self, query: MemberQuery, place: int | None, backwards: bool) -> list[int]:
        """Return the ids of a page and of one more."""
        conditions = self._conditions(query)
        if query.who == "staff":
            return self._staff(conditions, place, backwards)[: query.size + 1]
        found = select(User.id).where(*conditions).order_by(User.id.asc() if backwards else User.id.desc())
        if place is not None:
            found = found.where(User.id > place if backwards else User.id < place)
        return list(self.session.scalars(found.limit(query.size + 1)))

    def _staff(self, conditions: list[ColumnElement[bool]], place: int | None, backwards: bool) -> list[int]:
        """Return all staff ids after a position.

        There are few staff, and databases do not sort by the language's alphabet.
        """
        names = self.session.execute(select(User.name, User.id).where(*conditions))
        keys = sorted(((alphabetical(name), id_) for name, id_ in names), reverse=backwards)
        here = self.session.get(User, place) if place is not None else None
        if here is not None:
            mark = (alphabetical(here.name), here.id)
            keys = [key for key in keys if (key < mark if backwards else key > mark)]
        return [id_ for _name, id_ in keys]

    def _conditions(self, query: MemberQuery) -> list[ColumnElement[bool]]:
        if query.citizen is not None:
            return [User.id == query.citizen, self.rights.seen()]
        is_one = User.username.is_not(None) if query.who == "staff" else User.username.is_(None)
        # Erased people are not listed.
        found: list[ColumnElement[bool]] = [
            is_one,
            User.machine.is_(False),
            User.erased_at.is_(None),
            self.rights.seen(),
        ]
        found += self._in_state(query.state)
        if query.q:
            found.append(self._is_called(query.q))
        if query.role is not None:
            found.append(_holds(Membership.role_id == query.role))
        if query.unit is not None:
            units = self.work.get(OrganizationService).units
            below = units.subtree(query.unit) if query.unit in units.by_id else frozenset()
            found.append(_holds(Membership.unit_id.in_(below)))
        return found

    def _is_called(self, typed: str) -> ColumnElement[bool]:
        """Return the condition that a person has this name.

        Every word is a prefix of a word of the name, or the user name contains the text.
        """
        dialect = self.work.site.engines.dialect
        words = [occurs(term, User.search_name, dialect) for term in read(typed).terms]
        named = and_(*words) if words else false()
        return named | User.username.icontains(store(typed), autoescape=True)

    @staticmethod
    def _in_state(state: str | None) -> list[ColumnElement[bool]]:
        if state == "deleted":
            return [User.deleted_at.is_not(None)]
        present: list[ColumnElement[bool]] = [User.deleted_at.is_(None)]
        if state == "active":
            present.append(User.disabled_at.is_(None))
        if state == "unseen":
            present.append(User.last_seen_at.is_(None))
        if state == "disabled":
            present.append(User.disabled_at.is_not(None))
        return present


def _holds(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(select(Membership.id).where(Membership.user_id == User.id, condition)).correlate(User)
