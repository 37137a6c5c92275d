"""Access rules for cases, in SQL and in Python.

A property test keeps :func:`visible` and :func:`can` equal, and likewise :func:`in_kartable` and :func:`holds`.
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
    JOB,
    gives_view,
    in_category,
    kinds_of,
    personal,
    persons,
    unassigned,
)
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.referral import Referral

if TYPE_CHECKING:
    from civicportal.core.work import Work

_OWN_REFERRAL = aliased(Referral)
"""An alias of the referrals, created once because SQLAlchemy needs longer for it than for its query."""


def visible(identity: Identity, verb: str = "view", *, walked: bool = False) -> ColumnElement[bool]:
    """Return the condition for cases accessible with a verb.

    A membership covers a case by the unit of the case or of any referral it ever had, and by its category if it has
    one. Also visible are every case with a referral to the person, and every case about which a unit of a membership
    received an inquiry or a copy, whatever its category. A job of a split case counts only while it is open, and only
    for viewing.

    :param verb: view, export, contact, …; see :data:`~civicportal.domain.cases.workflow.VERBS`.
    :param walked: for a query that reads cases in order until a page is full: referrals are looked up for each case.
        Otherwise PostgreSQL collects all referrals of the units first, which is faster if most cases are read.
    """
    if identity.realm == "system":
        return true()
    if not identity.is_staff:
        return false()
    conditions: list[ColumnElement[bool]] = [
        _covered_by(grant, verb, walked) for grant in identity.scopes if _may(grant, verb)
    ]
    if verb == "view":
        referral = select(_OWN_REFERRAL.id).where(
            _OWN_REFERRAL.case_id == Case.id, personal(identity, _OWN_REFERRAL), gives_view(_OWN_REFERRAL)
        )
        conditions.append(exists(referral.offset(_fence(walked))).correlate(Case))
    return or_(false(), *conditions)


def sees_all(identity: Identity, kind: str, verb: str = "view") -> bool:
    """Return whether every case of a kind is visible."""
    if identity.realm == "system":
        return True
    return identity.is_staff and any(
        grant.units is None and grant.categories is None and grant.gives(f"{kind}:case:{verb}")
        for grant in identity.grants
    )


def can(identity: Identity, verb: str, case: Case, referrals: Iterable[Referral]) -> bool:
    """Return :func:`visible` for one loaded case.

    :param referrals: every referral the case ever had.
    """
    if identity.realm == "system":
        return True
    if not identity.is_staff:
        return False
    referrals = [referral for referral in referrals if _gives(referral, verb)]
    if verb == "view" and any(_is_personal(identity, referral) for referral in referrals):
        return True
    if verb == "view" and any(_is_addressed(identity, case, referral) for referral in referrals):
        return True
    return _given(identity, f"{case.kind}:case:{verb}", case, _units(case, referrals))


def in_kartable(identity: Identity, referral: type[Referral] = Referral) -> ColumnElement[bool]:
    """Return the condition for referrals in a person's kartable.

    These are referrals to the person, and referrals to a unit that are not taken over and that a membership covers;
    inquiries and copies to a unit are for its members whatever their categories.

    :param referral: the alias, if a query has several.
    """
    if not identity.is_staff:
        return false()
    covered = [_referral_covered_by(grant, referral) for grant in identity.scopes]
    of_unit = and_(unassigned(referral), or_(false(), *covered))
    return and_(referral.closed_at.is_(None), or_(personal(identity, referral), of_unit))


def in_led_units(
    identity: Identity, referral: type[Referral] = Referral, types: tuple[str, ...] = ("action",)
) -> ColumnElement[bool]:
    """Return the condition for open and closed referrals in units that the person heads.

    Their holders do not matter.

    :param types: of referrals, by default those for action.
    """
    covered = [_referral_covered_by(grant, referral) for grant in _heading(identity)]
    return and_(or_(*(referral.type == name for name in types)), or_(false(), *covered))


def led_units(identity: Identity) -> frozenset[int] | None:
    """Return the units that the person heads; None for all."""
    heading = [grant.units for grant in _heading(identity)]
    if None in heading:
        return None
    return frozenset().union(*(units for units in heading if units is not None))


def _heading(identity: Identity) -> list[Grant]:
    """Return the grants by which a person heads units: administrators head every one, their tokens those they reach."""
    return [grant for grant in identity.grants if grant.leads or grant.administrator or grant.oversees]


def holds(identity: Identity, case: Case, referral: Referral) -> bool:
    """Return :func:`in_kartable` for one loaded referral."""
    if not identity.is_staff or referral.closed_at is not None:
        return False
    if _is_personal(identity, referral):
        return True
    if referral.to_user_id is not None or referral.taken_by_id is not None:
        return False
    return _is_addressed(identity, case, referral) or _given(
        identity, f"{case.kind}:case:view", case, {referral.to_unit_id}
    )


def attends(identity: Identity, permission: str, case: Case, referral: Referral) -> bool:
    """Return whether the person attends to an open referral.

    The referral is in their kartable, and they may act there.
    """
    if not holds(identity, case, referral):
        return False
    if _is_personal(identity, referral) and identity.permits(permission):
        return True
    return _given(identity, permission, case, {referral.to_unit_id})


def leads(identity: Identity, permission: str, case: Case, referral: Referral) -> bool:
    """Return whether a person heads the unit of an open referral, which may be assigned to a colleague."""
    return any(
        grant.leads and grant.gives(permission) and grant.covers(referral.to_unit_id, case.category_id)
        for grant in identity.grants
    )


class LoadedReferrals(Service):
    """The referrals that a unit of work has read.

    :ivar by_case: all of a case, in order, by its id.
    """

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.by_case: dict[int, Sequence[Referral]] = work.memo()


class AccessService(Service):
    """The access rules of the actor."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self._referrals = work.get(LoadedReferrals).by_case

    def visible(self, verb: str = "view", *, walked: bool = False) -> ColumnElement[bool]:
        """Return the condition for cases accessible with a verb.

        :param walked: for a query that reads cases in order until a page is full.
        """
        return visible(self.work.actor, verb, walked=walked)

    def sees_all(self, kind: str) -> bool:
        """Return whether the actor sees every case of a kind."""
        return sees_all(self.work.actor, kind)

    def in_kartable(self, *, mine: bool | None = None) -> ColumnElement[bool]:
        """Return the condition for open referrals (:class:`Referral`) in the actor's kartable.

        :param mine: only those to the actor or taken over by them; or, if False, only unassigned ones.
        """
        found = in_kartable(self.work.actor)
        if mine is None:
            return found
        return and_(found, personal(self.work.actor, Referral) if mine else unassigned(Referral))

    def referrals(self, case: Case) -> Sequence[Referral]:
        """Return every referral of a case, in order."""
        if case.id not in self._referrals:
            query = select(Referral).where(Referral.case_id == case.id).order_by(Referral.id)
            self._referrals[case.id] = self.work.session.scalars(query).all()
        return self._referrals[case.id]

    def load_referrals(self, cases: Iterable[Case]) -> None:
        """Load the referrals of many cases in one statement."""
        missing = [case.id for case in cases if case.id not in self._referrals]
        if not missing:
            return
        found: dict[int, list[Referral]] = {case_id: [] for case_id in missing}
        query = select(Referral).where(Referral.case_id.in_(missing)).order_by(Referral.id)
        for referral in self.work.session.scalars(query):
            found[referral.case_id].append(referral)
        self._referrals.update(found)

    def forget(self, case: Case) -> None:
        """Discard the loaded referrals after a change."""
        self._referrals.pop(case.id, None)

    def action_referral(self, case: Case) -> Referral | None:
        """Return the open referral for action, if the case is open."""
        return next(
            (
                referral
                for referral in self.referrals(case)
                if referral.type == "action" and not referral.closed_at
            ),
            None,
        )

    def open_inquiries(self, case: Case) -> list[Referral]:
        """Return the unanswered inquiries."""
        return [
            referral
            for referral in self.referrals(case)
            if referral.type == "inquiry" and not referral.closed_at
        ]

    def open_jobs(self, case: Case) -> list[Referral]:
        """Return the open jobs of a split case."""
        return [
            referral for referral in self.referrals(case) if referral.type == JOB and not referral.closed_at
        ]

    def may_do(self, case: Case, job: Referral) -> bool:
        """Return whether the actor may take, finish or refuse an open job.

        It is in their kartable, or they head its unit, with the right to work on such cases; or they may act on any.
        """
        actor, permission = self.work.actor, f"{case.kind}:case:work"
        if actor.realm == "system":
            return True
        return actor.is_staff and (
            attends(actor, permission, case, job)
            or leads(actor, permission, case, job)
            or all(
                _given(actor, f"{case.kind}:case:{verb}", case, [job.to_unit_id])
                for verb in ("act_any", "work")
            )
        )

    def can(self, case: Case, verb: str) -> bool:
        """Return whether a membership covers the case for this verb."""
        return can(self.work.actor, verb, case, self.referrals(case))

    def allows(self, case: Case, permission: str) -> bool:
        """Return whether a membership gives a right for the case.

        :meth:`can` is the same for the verbs of the kind.
        """
        if self.work.actor.realm == "system":
            return True
        return self.work.actor.is_staff and _given(self.work.actor, permission, case, self._own_units(case))

    def on_behalf_of(self, case: Case) -> int | None:
        """Return the person represented by the actor, if any.

        A case taken over by a deputy remains the absent person's.
        """
        actor = self.work.actor
        if not actor.deputy_for:
            return None
        referrals = [referral for referral in self.referrals(case) if _gives(referral, "view")]
        if not referrals or actor.user_id in {referral.to_user_id for referral in referrals}:
            return None
        names = {referral.to_user_id for referral in referrals} & actor.deputy_for
        permission, units = f"{case.kind}:case:view", _units(case, referrals)
        for grant in actor.grants:
            alone = replace(actor, grants=(grant,))
            asked = any(_is_addressed(alone, case, referral) for referral in referrals)
            if asked or _given(alone, permission, case, units):
                if grant.own:
                    return None
                names.add(grant.holder_id)
        return min((name for name in names if name), default=None)

    def holds_referral(self, case: Case) -> bool:
        """Return whether any open referral of the case is in the actor's kartable, including copies and inquiries."""
        return any(holds(self.work.actor, case, referral) for referral in self.referrals(case))

    def may_act(self, case: Case, permission: str) -> bool:
        """Return whether the actor may act on the case.

        They need the permission, and the open referral in their kartable or ``act_any``. Right and scope must belong to
        one membership: a person who may only view in a unit cannot act there by a right held in another unit. On a
        referral to them personally, people act with any membership. The head of a unit may also act on cases assigned
        to a colleague there.
        """
        actor = self.work.actor
        return self._has(case, permission) or (
            actor.is_staff
            and self._acts_on_any(case, self.action_referral(case))
            and _given(actor, permission, case, self._own_units(case))
        )

    def _has(self, case: Case, permission: str) -> bool:
        """Return whether the actor has the case in the kartable, or heads the unit that has it; the portal has all."""
        actor = self.work.actor
        if actor.realm == "system" or not actor.is_staff:
            return actor.realm == "system"
        referral = self.action_referral(case)
        return referral is not None and (
            attends(actor, permission, case, referral) or leads(actor, permission, case, referral)
        )

    def _own_units(self, case: Case) -> set[int | None]:
        """Return the units that have or had the case itself, not only a job of it."""
        return _units(case, (one for one in self.referrals(case) if one.type != JOB))

    def may_correct(self, case: Case) -> bool:
        """Return whether the actor may correct the case: who has it, its unit and its heads, and ``act_any``.

        Unlike :meth:`can`, a unit that had the case before does not count.
        """
        permission, actor = f"{case.kind}:case:work", self.work.actor
        return self._has(case, permission) or (
            actor.is_staff and (_given(actor, permission, case, {case.unit_id}) or self.can(case, "act_any"))
        )

    def _acts_on_any(self, case: Case, referral: Referral | None) -> bool:
        # A closed case has no open referral: the remaining transitions, such as reopening, need only the scope.
        return self.can(case, "act_any") or (referral is None and self.can(case, "work"))


def _gives(referral: Referral, verb: str) -> bool:
    """Return whether a case is accessible with a verb because of a referral of it."""
    return referral.type != JOB or (verb == "view" and referral.closed_at is None)


def _units(case: Case, referrals: Iterable[Referral]) -> set[int | None]:
    return {case.unit_id, *(referral.to_unit_id for referral in referrals)}


def _given(identity: Identity, permission: str, case: Case, units: Iterable[int | None]) -> bool:
    """Return whether a membership gives the right in any of the units."""
    units = list(units)
    return any(
        grant.gives(permission) and any(grant.covers(unit, case.category_id) for unit in units)
        for grant in identity.grants
    )


def _is_personal(identity: Identity, referral: Referral) -> bool:
    if identity.referral_units is not None and referral.to_unit_id not in identity.referral_units:
        return False
    ids = persons(identity)
    return referral.to_user_id in ids or referral.taken_by_id in ids


def _is_addressed(identity: Identity, case: Case, referral: Referral) -> bool:
    """Return whether it is an inquiry or copy to a whole unit."""
    if referral.type not in ADDRESSED or referral.to_user_id is not None:
        return False
    permission = f"{case.kind}:case:view"
    return any(grant.gives(permission) and grant.is_of(referral.to_unit_id) for grant in identity.grants)


def _may(grant: Grant, verb: str) -> bool:
    return grant.administrator or bool(kinds_of(grant, verb))


def _of_kinds(grant: Grant, verb: str, of: type[Case] | type[Referral] = Case) -> list[ColumnElement[bool]]:
    return [] if grant.administrator else [of.kind.in_(kinds_of(grant, verb))]


def _covered_by(grant: Grant, verb: str, walked: bool) -> ColumnElement[bool]:
    conditions = _of_kinds(grant, verb)
    category = in_category(grant)
    if grant.units is None:
        return and_(true(), *conditions, category)
    by_job = gives_view(Referral) if verb == "view" else Referral.type != JOB
    referral = select(Referral.id).where(
        Referral.case_id == Case.id, Referral.to_unit_id.in_(grant.units), by_job
    )
    fence = _fence(walked)
    covered = and_(
        or_(Case.unit_id.in_(grant.units), exists(referral.offset(fence)).correlate(Case)), category
    )
    if verb == "view" and grant.categories is not None:
        asked = referral.where(Referral.type.in_(ADDRESSED), Referral.to_user_id.is_(None))
        covered = or_(covered, exists(asked.offset(fence)).correlate(Case))
    return and_(*conditions, covered)


def _fence(walked: bool) -> int | None:
    """Return an offset by which PostgreSQL looks up the referrals of each case instead of hashing all of them."""
    return 0 if walked else None


def _referral_covered_by(grant: Grant, referral: type[Referral]) -> ColumnElement[bool]:
    if not _may(grant, "view"):
        return false()
    conditions = _of_kinds(grant, "view", referral)
    category = in_category(grant, referral)
    if grant.units is None:
        return and_(true(), *conditions, category)
    shared = category if grant.categories is None else or_(category, referral.type.in_(ADDRESSED))
    return and_(*conditions, referral.to_unit_id.in_(grant.units), shared)
