"""SQL building blocks of the access rules."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, false, func, literal_column, not_, or_, select, true
from sqlalchemy.orm import aliased

from civicportal.core.security import Grant, Identity
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.referral import Referral
from civicportal.util.queries import Rows

ADDRESSED = ("copy", "inquiry")
"""Types of referrals that ask or inform a whole unit, whatever the case is about."""
JOB = "job"
"""Type of the referrals by which a case is split; they give access only while they are open."""
_EVER = aliased(Referral)
"""An alias of the referrals that a case ever had, created once because SQLAlchemy needs longer for it than for a query."""


def persons(identity: Identity) -> frozenset[int]:
    """Return the ids of the person and the represented people."""
    return identity.deputy_for | ({identity.user_id} if identity.user_id else set())


def personal(identity: Identity, referral: type[Referral]) -> ColumnElement[bool]:
    """Return the condition for referrals addressed to the person or taken over by them."""
    ids = persons(identity)
    return and_(
        or_(referral.to_user_id.in_(ids), referral.taken_by_id.in_(ids)),
        *in_referral_units(identity, referral),
    )


def in_referral_units(identity: Identity, referral: type[Referral]) -> list[ColumnElement[bool]]:
    """Return the condition, if any, on the units whose personal referrals count."""
    units = identity.referral_units
    return [] if units is None else [referral.to_unit_id.in_(units)]


def addressed(referral: type[Referral]) -> ColumnElement[bool]:
    """Return the condition for inquiries and copies, as written in their partial index."""
    return referral.type.in_([literal_column(f"'{name}'") for name in ADDRESSED])


def gives_view(referral: type[Referral]) -> ColumnElement[bool]:
    """Return the condition for referrals by which a case is seen: all but jobs that have ended."""
    return or_(referral.type != JOB, referral.closed_at.is_(None))


def unassigned(referral: type[Referral]) -> ColumnElement[bool]:
    """Return the condition for unassigned referrals to a unit."""
    return and_(referral.to_user_id.is_(None), referral.taken_by_id.is_(None))


def kinds_of(grant: Grant, verb: str) -> list[str]:
    """Return the kinds of cases for which a membership gives the right."""
    ending = f":case:{verb}"
    return sorted(name.removesuffix(ending) for name in grant.permissions if name.endswith(ending))


def held_by(user_id: int, referral: type[Referral] = Referral) -> ColumnElement[bool]:
    """Return the condition for referrals that a person holds.

    They have taken it over, or it is addressed to them and not taken.
    """
    sent = and_(referral.to_user_id == user_id, referral.taken_by_id.is_(None))
    return or_(referral.taken_by_id == user_id, sent)


def in_category(grant: Grant, of: type[Case] | type[Referral] = Case) -> ColumnElement[bool]:
    """Return the condition that the category is covered."""
    if grant.categories is None:
        return true()
    inside = of.category_id.in_(grant.categories)
    return inside if grant.units is None else or_(inside, of.category_id.is_(None))


def held(grant: Grant, of: type[Case] = Case) -> ColumnElement[bool]:
    """Return the condition that a membership covers the case in its current unit, whatever its referrals."""
    if grant.units is None or grant.categories is None:
        return and_(true() if grant.units is None else of.unit_id.in_(grant.units), in_category(grant, of))
    # Not a column expression: a unit has fewer cases than its categories in the whole city, and PostgreSQL
    # would scan an index of all cases.
    category = of.category_id + 0
    return and_(of.unit_id.in_(grant.units), or_(category.in_(grant.categories), of.category_id.is_(None)))


def referral_queries(identity: Identity, kind: str, since: datetime | None = None) -> list[Select[int]]:
    """Return queries for cases visible by referrals only.

    :param since: leave out older referrals; a referral is never older than its case.
    :returns: none for users who see every case.
    """
    grants = [grant for grant in identity.scopes if grant.gives(f"{kind}:case:view")]
    if any(grant.units is None and grant.categories is None for grant in grants):
        return []
    referrals = select(_EVER.case_id).where(gives_view(_EVER), _EVER.created_at >= since if since else true())
    by_unit = (query for grant in grants for query in _once_inside(grant, kind, referrals))
    return [*by_unit, *_personally(identity, kind, grants, referrals)]


def _once_inside(grant: Grant, kind: str, every: Rows) -> Iterator[Rows]:
    """Yield cases that were referred to units of the membership and are in another unit now."""
    if grant.units is None:
        return
    referrals = every.where(_EVER.to_unit_id.in_(grant.units))
    yield referrals.where(_EVER.moved_kind == kind, in_category(grant, _EVER))
    if grant.categories is not None:
        yield referrals.where(addressed(_EVER), _EVER.to_user_id.is_(None))


def _personally(identity: Identity, kind: str, grants: list[Grant], every: Rows) -> Iterator[Rows]:
    """Yield cases with a referral to the person.

    There are two queries, each answered by an index: a person may have had tens of thousands of referrals.
    """
    anyway = [and_(_of_units(grant), in_category(grant, _EVER)) for grant in grants]
    others = not_(func.coalesce(or_(false(), *anyway), false()))
    for holder in (_EVER.to_user_id, _EVER.taken_by_id):
        yield every.where(
            _EVER.kind == kind,
            holder.in_(persons(identity)),
            *in_referral_units(identity, _EVER),
            others,
        )


def _of_units(grant: Grant) -> ColumnElement[bool]:
    return true() if grant.units is None else _EVER.to_unit_id.in_(grant.units)
