"""Which cases are attended, and by whom.

Unattended cases are on the administrators' list. Administrators see every case and would not notice a single one, so
they count only for cases that are assigned to them.

The categories covered by memberships are computed once for all units and kinds, and the database is queried with one
condition instead of case by case. :func:`civicportal.domain.cases.access.rights.attends` is the same rule for one
person and one case; a stateful test compares the two.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, select, true
from sqlalchemy.orm import Session, aliased
from sqlalchemy.util import memoized_property
from translationstring import TranslationString

from civicportal.core.clock import has_passed
from civicportal.core.db.ids import among
from civicportal.core.work import Service
from civicportal.domain.accounts.identity import grants_of
from civicportal.domain.accounts.models import Deputy, Membership, User, at_work
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.cases.access.rights import AccessService, visible
from civicportal.domain.cases.access.sql import JOB, unassigned
from civicportal.domain.cases.kinds import kind_of, kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.paging import SORTS, Page, case_page
from civicportal.domain.cases.referral import Referral
from civicportal.domain.kartable.addressees import offered
from civicportal.domain.kartable.staffing import NOTHING, Staffing, Today, has
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.i18n import _
from civicportal.util.lists import Total, count_rows
from civicportal.util.queries import NamedRecord

if TYPE_CHECKING:
    from civicportal.core.work import Work
    from civicportal.domain.organization.models import Unit

Attendance = Literal["members", "head", "none"]
"""Who attends to a case: members of its unit for its category, only the head of the unit, or no one."""
_ABSENT = aliased(User)
_FRESH = 60.0
"""Seconds for which a count is cached for desks and monitoring."""


class _Counted:
    """The number of unattended cases and the time of the count."""

    def __init__(self) -> None:
        self.last: tuple[float, Total] | None = None


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Kinds of cases that would be unattended in a unit.

    :ivar categories: ids of the active categories that no one covers; empty for a kind without categories.
    """

    unit: "Unit"
    kind: str
    categories: tuple[int, ...] = ()

    @property
    def pairs(self) -> int:
        """Return the number of pairs of the unit and a category."""
        return len(self.categories) or 1


class CustodyService(Service):
    """Decide who attends to a case."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.organization = work.get(OrganizationService)

    # -- one case -------------------------------------------------------------------------------------------

    def of(self, case: Case) -> Attendance:
        """Return who attends to an open case."""
        referral = self.work.get(AccessService).action_referral(case)
        if referral is None:
            return "none"
        holders = [user_id for user_id in (referral.to_user_id, referral.taken_by_id) if user_id is not None]
        if holders:
            may = any(self._may_work(user_id, case.kind) for user_id in holders)
            return "members" if may else "none"
        return self.before(case.kind, case.category_id, referral.to_unit_id)

    def before(
        self, kind: str, category_id: int | None, unit_id: int, user_id: int | None = None
    ) -> Attendance:
        """Return who would attend to a case in a unit.

        :param user_id: the person of the unit to whom it is referred; None for the whole unit.
        """
        if user_id is not None:
            return "members" if self._may_work(user_id, kind) else "none"
        if self._covers(kind, category_id, unit_id, heads=False):
            return "members"
        return "head" if self._covers(kind, category_id, unit_id, heads=True) else "none"

    def is_read(self, case: Case, unit_id: int, user_id: int | None = None) -> bool:
        """Return whether anyone in a unit could read a referral.

        :param user_id: the person of the unit to whom it is addressed, who may read it whatever their rights.
        """
        return user_id is not None or self._seen_today.is_read(unit_id, case.kind)

    def doubts(self, kind: str, category_id: int | None) -> dict[int, Attendance]:
        """Return units where such a case would be unattended.

        Deputies are ignored, because this is a hint without a query: :meth:`before` decides.
        """
        staffing, found = self._staffing, dict[int, Attendance]()
        for unit in self.organization.units.by_id.values():
            members, all_ = (staffing.topics(unit.id, kind, heads=heads) for heads in (False, True))
            if unit.active and not has(members, category_id):
                found[unit.id] = "head" if has(all_, category_id) else "none"
        return found

    def doubts_of_all(self, cases: Iterable[Case]) -> dict[int, Attendance]:
        """Return :meth:`doubts` for several cases.

        A unit in which any of them would be unattended has "none".
        """
        found = dict[int, Attendance]()
        for kind, category_id in {(case.kind, case.category_id) for case in cases}:
            for unit_id, answer in self.doubts(kind, category_id).items():
                if found.get(unit_id) != "none":
                    found[unit_id] = answer
        return found

    def heads(self, unit_id: int) -> list[int]:
        """Return the ids of the heads of a unit, or of the nearest unit above it that has any."""
        people = self._staffing.people
        for unit in reversed(self.organization.units.path(unit_id)):
            found = [
                user_id
                for user_id, grants in people.items()
                if any(grant.leads and grant.unit_id == unit.id for grant in grants)
            ]
            if found:
                return found
        return []

    def able(self, kind: str) -> frozenset[int]:
        """Return the ids of the people who may work on cases of a kind that are assigned to them."""
        return self._staffing.able(kind)

    @memoized_property
    def _able(self) -> frozenset[int]:
        """Return the ids of the people who may work on assigned cases of any kind."""
        return frozenset().union(*(self._staffing.able(kind) for kind in self._staffing.kinds))

    def officers(self, unit_id: int) -> dict[int, str]:
        """Return the names of a unit's members who may work on cases assigned to them, by user id."""
        able = self._able
        return {user_id: name for user_id, name in offered(self.work).get(unit_id, ()) if user_id in able}

    # -- all cases ------------------------------------------------------------------------------------------

    def unattended(self) -> ColumnElement[bool]:
        """Return the condition on ``Referral`` for the open referrals of unattended cases.

        A case is unattended too while no one attends to a job of it.
        """
        today = self._today()
        is_open = and_(or_(Referral.type == "action", Referral.type == JOB), Referral.closed_at.is_(None))
        in_no_unit = and_(unassigned(Referral), self._in_no_unit(today))
        return and_(is_open, or_(in_no_unit, self._in_no_hands(today)))

    def count(self) -> int:
        """Return the number of unattended cases."""
        query = select(func.count(Referral.case_id.distinct())).where(self.unattended())
        return self.session.scalar(query) or 0

    def places(self, within: Collection[int] | None = None) -> list[str]:
        """Return the keys of the units with unattended cases.

        :param within: ids of the only units to name; all by default.
        """
        found = self.session.scalars(select(Referral.to_unit_id).where(self.unattended()).distinct())
        units = self.organization.units.by_id
        return sorted(units[id_].key for id_ in found if id_ in units and (within is None or id_ in within))

    def total(self) -> Total:
        """Return the number of unattended cases, up to a maximum."""
        total = count_rows(self.session, select(Referral.case_id).where(self.unattended()).distinct())
        self.work.site.cache.of(_Counted).last = (self.work.clock.uptime().seconds, total)
        return total

    def recent_total(self) -> Total:
        """Return :meth:`total`, cached for a minute because counting reads every open referral."""
        last = self.work.site.cache.of(_Counted).last
        if last is None or has_passed(_FRESH, last[0], self.work.clock.uptime().seconds):
            return self.total()
        return last[1]

    def page(self, *, cursor: str | None = None) -> Page:
        """Return a page of unattended (case, referral) rows that the actor may see, nearest deadline first.

        A case of which several referrals are unattended appears once.
        """
        query = select(Case, Referral).join(Referral, Referral.case_id == Case.id)
        query = query.where(self.unattended(), visible(self.work.actor, walked=True))
        page = case_page(self.session, query, sort=SORTS["deadline"], cursor=cursor)
        rows = {row[0].id: row for row in sorted(page.rows, key=lambda row: row[1].type, reverse=True)}
        return replace(page, rows=[row for row in page.rows if rows[row[0].id] is row])

    def reasons(self, rows: Iterable[tuple[Case, Referral]]) -> dict[int, TranslationString]:
        """Return the reasons why cases are unattended, by case id."""
        rows = list(rows)
        holders = {case.id: referral.taken_by_id or referral.to_user_id for case, referral in rows}
        names = self.work.get(AccountService).names(holders.values())
        return {
            case.id: self._reason(case, referral, names.get(holders[case.id] or 0)) for case, referral in rows
        }

    def staffed(self, *, heads: bool = True) -> set[int]:
        """Return the ids of units with attending staff.

        :param heads: include the categories covered by heads of units.
        """
        today = self._today()
        return {
            unit_id
            for unit_id in self.organization.units.by_id
            if any(today.topics(unit_id, kind, heads=heads) != NOTHING for kind in self._known_kinds(today))
        }

    def gaps(self) -> Iterator[Gap]:
        """Yield uncovered kinds and categories for each unit."""
        today = self._today()
        for unit in self.organization.units.by_id.values():
            for kind in kinds_of(self.work.site) if unit.active else ():
                here = today.topics(unit.id, kind)
                if here is None:
                    continue
                categories = self._categories(kind)
                missing = tuple(id_ for id_ in categories if id_ not in here)
                if missing or (not categories and 0 not in here):
                    yield Gap(unit=unit, kind=kind, categories=missing)

    def pairs(self) -> int:
        """Return the number of pairs of unit and category, for units that accept cases.

        A kind without categories counts as one.
        """
        topics = sum(len(self._categories(kind)) or 1 for kind in kinds_of(self.work.site))
        return topics * sum(unit.active for unit in self.organization.units.by_id.values())

    def _reason(self, case: Case, referral: Referral, holder: str | None) -> TranslationString:
        if holder:
            return _("It is in the hands of ${person}, who cannot work on it.", mapping={"person": holder})
        unit = self.organization.unit_name(referral.to_unit_id)
        topic = self.organization.category_name(case.category_id) or kind_of(self.work.site, case.kind).title
        if referral.type == JOB:
            return _(
                "No one in “${unit}” works on “${topic}”: withdraw the job of this unit.",
                mapping={"unit": unit, "topic": topic},
            )
        return _("No one in “${unit}” works on “${topic}”.", mapping={"unit": unit, "topic": topic})

    # -- inside ---------------------------------------------------------------------------------------------

    @property
    def _staffing(self) -> Staffing:
        return self.work.reference("staffing", partial(_read, self.work))

    @memoized_property
    def _seen_today(self) -> Today:
        """Return the staffing with today's deputies, read once per unit of work."""
        return self._today()

    def _today(self) -> Today:
        """Return the staffing with today's deputies."""
        today = self.work.site.calendar.today(self.work.clock.now())
        query = (
            select(Deputy.deputy_id, Deputy.absent_id)
            .join(User, User.id == Deputy.deputy_id)
            .join(_ABSENT, _ABSENT.id == Deputy.absent_id)
            .where(
                Deputy.first_day <= today,
                Deputy.last_day >= today,
                Deputy.deputy_id != Deputy.absent_id,
                *at_work(),
                *at_work(_ABSENT),
            )
        )
        found: dict[int, set[int]] = defaultdict(set)
        for deputy_id, absent_id in self.session.execute(query):
            found[deputy_id].add(absent_id)
        return Today(self._staffing, found)

    def _covers(self, kind: str, category_id: int | None, unit_id: int, *, heads: bool) -> bool:
        # Deputies rarely change the result: look for them only if no one else attends.
        return has(self._staffing.topics(unit_id, kind, heads=heads), category_id) or has(
            self._seen_today.topics(unit_id, kind, heads=heads), category_id
        )

    def _may_work(self, user_id: int, kind: str) -> bool:
        return user_id in self._staffing.able(kind) or user_id in self._seen_today.able(kind)

    def _in_no_unit(self, today: Today) -> ColumnElement[bool]:
        """Return the condition for unit referrals that no one covers."""
        known = self._known_kinds(today)
        places: dict[tuple[str, frozenset[int]], list[int]] = defaultdict(list)
        for kind in known:
            for unit_id in self.organization.units.by_id:
                here = today.topics(unit_id, kind)
                if here is not None:
                    places[kind, here].append(unit_id)
        conditions = [
            and_(Referral.kind == kind, Referral.to_unit_id.in_(units), _outside(here))
            for (kind, here), units in places.items()
        ]
        return or_(false(), *conditions, Referral.kind.not_in(known))

    def _in_no_hands(self, today: Today) -> ColumnElement[bool]:
        """Return the condition for referrals to people who cannot work on the case."""
        known = self._known_kinds(today)
        of: dict[frozenset[int], list[str]] = defaultdict(list)
        for kind in known:
            of[today.able(kind)].append(kind)
        conditions = [and_(Referral.kind.in_(kinds), self._not_with(people)) for people, kinds in of.items()]
        others = and_(Referral.kind.not_in(known), self._not_with(today.able("")))
        return and_(not_(unassigned(Referral)), or_(*conditions, others))

    def _not_with(self, people: Collection[int]) -> ColumnElement[bool]:
        dialect = self.work.site.engines.dialect
        return and_(
            *(
                or_(holder.is_(None), not_(among(holder, people, dialect)))
                for holder in (Referral.to_user_id, Referral.taken_by_id)
            )
        )

    def _known_kinds(self, today: Today) -> list[str]:
        return sorted(today.staffing.kinds.union(kinds_of(self.work.site)))

    def _categories(self, kind: str) -> list[int]:
        """Return the categories that cases can have: active ones without subcategories."""
        offered = [one for one in self.organization.categories_of(kind).by_id.values() if one.active]
        parents = {one.parent_id for one in offered}
        return [one.id for one in offered if one.id not in parents]


def _outside(topics: frozenset[int]) -> ColumnElement[bool]:
    """Return the condition that a category is not in a set."""
    named = topics - {0}
    outside = Referral.category_id.not_in(named) if named else true()
    return (
        and_(Referral.category_id.is_not(None), outside)
        if 0 in topics
        else or_(Referral.category_id.is_(None), outside)
    )


def _read(work: "Work", session: Session) -> Staffing:
    query = (
        select(
            Membership.user_id.label("holder_id"),
            Membership.role_id,
            Membership.unit_id,
            Membership.category_id,
        )
        .join(User, User.id == Membership.user_id)
        .where(*at_work())
        .order_by(Membership.user_id, Membership.id)
    )
    held: dict[int, list[NamedRecord]] = defaultdict(list)
    for row in session.execute(query):
        held[row.holder_id].append(row)
    return Staffing({user_id: tuple(grants_of(work, rows, user_id)) for user_id, rows in held.items()})
