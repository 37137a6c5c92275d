"""Which cases somebody may see and act on: one rule, said once in SQL and once in Python.

A property test holds :func:`visible` and :func:`can` equal, and likewise :func:`in_kartable` and :func:`holds`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, exists, false, or_, select, true
from sqlalchemy.orm import aliased

from civicportal.core.security import Grant, Identity
from civicportal.core.work import Service
from civicportal.domain.cases.access.sql import (
    ADDRESSED,
    free_line,
    in_category,
    kinds_of,
    personal,
    persons,
)
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.referral import Referral

if TYPE_CHECKING:
    from civicportal.core.work import Work

_OWN_LINE = aliased(Referral)
"""A line of a case under a name of its own; made once, for SQLAlchemy works longer at an alias than at its query."""


def visible(identity: Identity, verb: str = "view", *, walked: bool = False) -> ColumnElement[bool]:
    """Return the condition on ``Case`` for what the identity may do by its memberships.

    A membership covers a case by the unit of the case or of any line it ever had, and by its category if it has one.
    Besides may be seen: every case with a line to the person, and every one that a unit of a membership was asked about
    or got a copy of, whatever its category.

    :param verb: view, export, contact, …; see :data:`~civicportal.domain.cases.workflow.VERBS`.
    :param walked: for a query that reads cases in an order until it has a page of them: each is looked up by itself.
        Without it PostgreSQL gathers all lines of the units first, which is quicker where most cases are read.
    """
    if identity.door == "system":
        return true()
    if not identity.is_staff:
        return false()
    conditions: list[ColumnElement[bool]] = [
        _covered_by(grant, verb, walked) for grant in identity.grants if _may(grant, verb)
    ]
    if verb == "view":
        line = select(_OWN_LINE.id).where(_OWN_LINE.case_id == Case.id, personal(identity, _OWN_LINE))
        conditions.append(exists(line.offset(_fence(walked))).correlate(Case))
    return or_(false(), *conditions)


def sees_all(identity: Identity, kind: str, verb: str = "view") -> bool:
    """Return whether :func:`visible` holds for every case of a kind, so that counters may answer in its place."""
    if identity.door == "system":
        return True
    return identity.is_staff and any(
        grant.units is None and grant.categories is None and grant.gives(f"{kind}:case:{verb}")
        for grant in identity.grants
    )


def can(identity: Identity, verb: str, case: Case, lines: Iterable[Referral]) -> bool:
    """Say the same as :func:`visible` of one loaded case.

    :param lines: every line the case ever had.
    """
    if identity.door == "system":
        return True
    if not identity.is_staff:
        return False
    lines = list(lines)
    if verb == "view" and any(_is_personal(identity, line) for line in lines):
        return True
    if verb == "view" and any(_is_addressed(identity, case, line) for line in lines):
        return True
    return _given(identity, f"{case.kind}:case:{verb}", case, _units(case, lines))


def in_kartable(identity: Identity, line: type[Referral] = Referral) -> ColumnElement[bool]:
    """Return the condition on ``Referral`` for the open lines of somebody's kartable.

    Lines to the person, and lines to a unit, not taken by a colleague, that a membership covers; inquiries and copies
    to a unit cover its members whatever categories they have.

    :param line: the referral meant, where a query names several.
    """
    if not identity.is_staff:
        return false()
    covered = [_line_covered_by(grant, line) for grant in identity.grants]
    of_unit = and_(free_line(line), or_(false(), *covered))
    return and_(line.closed_at.is_(None), or_(personal(identity, line), of_unit))


def holds(identity: Identity, case: Case, line: Referral) -> bool:
    """Say the same as :func:`in_kartable` of one loaded line."""
    if not identity.is_staff or line.closed_at is not None:
        return False
    if _is_personal(identity, line):
        return True
    if line.to_user_id is not None or line.taken_by_id is not None:
        return False
    return _is_addressed(identity, case, line) or _given(
        identity, f"{case.kind}:case:view", case, {line.to_unit_id}
    )


def attends(identity: Identity, permission: str, case: Case, line: Referral) -> bool:
    """Return whether an open referral is in the kartable of a person with the right to act on it there."""
    if not holds(identity, case, line):
        return False
    if _is_personal(identity, line) and identity.permits(permission):
        return True
    return _given(identity, permission, case, {line.to_unit_id})


def leads(identity: Identity, permission: str, case: Case, line: Referral) -> bool:
    """Return whether a person heads the unit of an open referral, even if it is assigned to a colleague."""
    return any(
        grant.leads and grant.gives(permission) and grant.covers(line.to_unit_id, case.category_id)
        for grant in identity.grants
    )


class AccessService(Service):
    """The rules above, asked of loaded cases in a unit of work."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self._lines: dict[int, Sequence[Referral]] = work.memo()

    def lines(self, case: Case) -> Sequence[Referral]:
        """Return every line the case ever had, in their order."""
        if case.id not in self._lines:
            query = select(Referral).where(Referral.case_id == case.id).order_by(Referral.id)
            self._lines[case.id] = self.work.session.scalars(query).all()
        return self._lines[case.id]

    def read_lines(self, cases: Iterable[Case]) -> None:
        """Read the lines of many cases in one statement, for a list that asks of each what the actor may do with it."""
        missing = [case.id for case in cases if case.id not in self._lines]
        if not missing:
            return
        found: dict[int, list[Referral]] = {case_id: [] for case_id in missing}
        query = select(Referral).where(Referral.case_id.in_(missing)).order_by(Referral.id)
        for line in self.work.session.scalars(query):
            found[line.case_id].append(line)
        self._lines.update(found)

    def forget(self, case: Case) -> None:
        """Read the lines again: they have changed."""
        self._lines.pop(case.id, None)

    def action_line(self, case: Case) -> Referral | None:
        """Return the open line that says who has to act, if the case is open."""
        return next((line for line in self.lines(case) if line.type == "action" and not line.closed_at), None)

    def open_inquiries(self, case: Case) -> list[Referral]:
        """Return the inquiries that have not been answered."""
        return [line for line in self.lines(case) if line.type == "inquiry" and not line.closed_at]

    def can(self, case: Case, verb: str) -> bool:
        """Return whether a membership covers the case for this verb."""
        return can(self.work.actor, verb, case, self.lines(case))

    def allows(self, case: Case, permission: str) -> bool:
        """Return whether one membership gives a right and covers the case; :meth:`can` is the same for the verbs of the kind."""
        if self.work.actor.door == "system":
            return True
        return self.work.actor.is_staff and _given(
            self.work.actor, permission, case, _units(case, self.lines(case))
        )

    def on_behalf_of(self, case: Case) -> int | None:
        """Return for whom the actor acts as a deputy: on a case that is not theirs to see by themselves.

        What a deputy has taken in hand stays the absent person's work.
        """
        actor = self.work.actor
        if not actor.deputy_for:
            return None
        lines = self.lines(case)
        if not lines or actor.user_id in {line.to_user_id for line in lines}:
            return None
        names = {line.to_user_id for line in lines} & actor.deputy_for
        permission, units = f"{case.kind}:case:view", _units(case, lines)
        for grant in actor.grants:
            alone = replace(actor, grants=(grant,))
            asked = any(_is_addressed(alone, case, line) for line in lines)
            if asked or _given(alone, permission, case, units):
                if grant.own:
                    return None
                names.add(grant.holder_id)
        return min((name for name in names if name), default=None)

    def has_line(self, case: Case) -> bool:
        """Return whether any open line, a copy or an inquiry too, lies in the actor's kartable."""
        return any(holds(self.work.actor, case, line) for line in self.lines(case))

    def may_act(self, case: Case, permission: str) -> bool:
        """Return whether the actor may act: they need the permission, and the open referral in their kartable or ``act_any``.

        Right and scope must belong to one membership: a person who may only view in a unit cannot act there by a right held in
        another unit. On a referral to them personally, people act with any membership. The head of a unit may also act on
        cases assigned to a colleague there.
        """
        actor = self.work.actor
        if actor.door == "system":
            return True
        if not actor.is_staff:
            return False
        line = self.action_line(case)
        if line is not None and (
            attends(actor, permission, case, line) or leads(actor, permission, case, line)
        ):
            return True
        units = _units(case, self.lines(case))
        return self._acts_on_any(case, line) and _given(actor, permission, case, units)

    def _acts_on_any(self, case: Case, line: Referral | None) -> bool:
        # A closed case has no line any more: whoever covers it may take the steps that are left, such as reopening.
        return self.can(case, "act_any") or (line is None and self.can(case, "work"))


def _units(case: Case, lines: Iterable[Referral]) -> set[int | None]:
    return {case.unit_id, *(line.to_unit_id for line in lines)}


def _given(identity: Identity, permission: str, case: Case, units: Iterable[int | None]) -> bool:
    """Return whether one membership gives the right and covers the case by any of the units."""
    units = list(units)
    return any(
        grant.gives(permission) and any(grant.covers(unit, case.category_id) for unit in units)
        for grant in identity.grants
    )


def _is_personal(identity: Identity, line: Referral) -> bool:
    ids = persons(identity)
    return line.to_user_id in ids or line.taken_by_id in ids


def _is_addressed(identity: Identity, case: Case, line: Referral) -> bool:
    """Return whether the line asks or informs a whole unit of the person."""
    if line.type not in ADDRESSED or line.to_user_id is not None:
        return False
    permission = f"{case.kind}:case:view"
    return any(grant.gives(permission) and grant.is_of(line.to_unit_id) for grant in identity.grants)


def _may(grant: Grant, verb: str) -> bool:
    return grant.administrator or bool(kinds_of(grant, verb))


def _of_kinds(grant: Grant, verb: str, of: type[Case] | type[Referral] = Case) -> list[ColumnElement[bool]]:
    return [] if grant.administrator else [of.kind.in_(kinds_of(grant, verb))]


def _covered_by(grant: Grant, verb: str, walked: bool) -> ColumnElement[bool]:
    conditions = _of_kinds(grant, verb)
    category = in_category(grant)
    if grant.units is None:
        return and_(true(), *conditions, category)
    line = select(Referral.id).where(Referral.case_id == Case.id, Referral.to_unit_id.in_(grant.units))
    fence = _fence(walked)
    covered = and_(or_(Case.unit_id.in_(grant.units), exists(line.offset(fence)).correlate(Case)), category)
    if verb == "view" and grant.categories is not None:
        asked = line.where(Referral.type.in_(ADDRESSED), Referral.to_user_id.is_(None))
        covered = or_(covered, exists(asked.offset(fence)).correlate(Case))
    return and_(*conditions, covered)


def _fence(walked: bool) -> int | None:
    """Return the offset that keeps PostgreSQL from making one table of all lines, where each case is looked up by itself."""
    return 0 if walked else None


def _line_covered_by(grant: Grant, line: type[Referral]) -> ColumnElement[bool]:
    if not _may(grant, "view"):
        return false()
    conditions = _of_kinds(grant, "view", line)
    category = in_category(grant, line)
    if grant.units is None:
        return and_(true(), *conditions, category)
    shared = category if grant.categories is None else or_(category, line.type.in_(ADDRESSED))
    return and_(*conditions, line.to_unit_id.in_(grant.units), shared)
