"""The previous and the next case of a kartable."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ScalarSelect, bindparam, null, select, tuple_, union_all

from civicportal.core.db import BigId, UTCDateTime
from civicportal.core.security import Identity
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.referral import Referral
from civicportal.domain.kartable.counters import KEPT
from civicportal.domain.kartable.partitions import (
    lateral_query,
    own_partitions,
    partitions,
    split_plain,
    unit_partitions,
)

if TYPE_CHECKING:
    from civicportal.core.work import Work
    from civicportal.util.queries import Expression, Rows


def neighbours(work: "Work", case: Case) -> tuple[str | None, str | None]:
    """Return the codes of the previous and next case."""
    query = _query(work.actor.scope_key, work.site.engines.dialect)
    found = work.session.execute(query, {"deadline": case.deadline, "case_id": case.id}).one()
    return found.before, found.after


def neighbour_columns(scope_key: Identity, dialect: str) -> "tuple[Expression, Expression]":
    """Return the columns ``before`` and ``after``, for statements that select them along.

    Their parameters are ``deadline`` and ``case_id``, of the case.
    """
    if not partitions(scope_key):
        return null().label("before"), null().label("after")
    before, after = (_nearest(scope_key, dialect, after=after) for after in (False, True))
    return before.label("before"), after.label("after")


@lru_cache(maxsize=KEPT)
def _query(scope_key: Identity, dialect: str) -> "Rows":
    return select(*neighbour_columns(scope_key, dialect))


def _nearest(scope_key: Identity, dialect: str, *, after: bool) -> ScalarSelect[str]:
    """Return the code of the nearest case of all partitions."""
    here = tuple_(bindparam("deadline", type_=UTCDateTime()), bindparam("case_id", type_=BigId))

    def in_order(of: Any) -> tuple[Any, ...]:
        key = (of.deadline, of.case_id)
        return key if after else tuple(column.desc() for column in key)

    place = tuple_(Referral.deadline, Referral.case_id)
    beyond = place > here if after else place < here
    # Open referrals of one case have the same position, so none of them belongs to this case.
    next_ones = (
        select(Referral.deadline, Referral.case_id).where(beyond).order_by(*in_order(Referral)).limit(1)
    )
    plain, others = split_plain(unit_partitions(scope_key))
    some = [next_ones.where(part).subquery().select() for part in own_partitions(scope_key) + others]
    if plain:
        table, walked = lateral_query(plain, dialect, Referral.case_id)
        one = walked.where(beyond).order_by(*in_order(Referral)).limit(1).scalar_subquery()
        some.append(select(Case.deadline, Case.id).join_from(table, Case, Case.id == one))
    nearest = union_all(*some).subquery()
    first = select(nearest.c.case_id).order_by(*in_order(nearest.c)).limit(1).scalar_subquery()
    return select(Case.code).where(Case.id == first).scalar_subquery()
