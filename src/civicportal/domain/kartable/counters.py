"""Counts of open referrals for badges, exact up to a limit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from civicportal.core.security import Identity
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.referral import Referral
from civicportal.domain.kartable.partitions import (
    lateral_query,
    limited_union,
    own_partitions,
    partitions,
    split_plain,
    unit_partitions,
)
from civicportal.util.lists import Total, capped_total

if TYPE_CHECKING:
    from civicportal.core.work import Work
    from civicportal.util.queries import Rows

NONE = Total(0)
MOST_MARKED = 99
"""Maximum for a badge, which is on every page; the kartable itself counts further."""
ACTION = Referral.type == "action"
KEPT = 100
"""Statements cached by this process, one for each set of memberships; 80 to 180 kB each."""


@dataclass(frozen=True, kw_only=True)
class OpenReferrals:
    """Open referrals for action: total and by kind."""

    total: Total = NONE
    by_kind: Mapping[str, Total] = field(default_factory=dict)


def open_referrals(work: "Work") -> OpenReferrals:
    """Count the actor's open referrals for action in one statement.

    At most :data:`MOST_MARKED` of each partition are counted.
    """
    query = _query(work.actor.scope_key, tuple(kinds_of(work.site)), work.site.engines.dialect)
    if query is None:
        return OpenReferrals()
    rows = work.session.execute(query).all()
    return OpenReferrals(
        total=capped_total(sum(int(row.total) for row in rows), MOST_MARKED),
        by_kind={row.kind: capped_total(int(row.number), MOST_MARKED) for row in rows if row.kind},
    )


@lru_cache(maxsize=KEPT)
def _query(scope_key: Identity, kinds: tuple[str, ...], dialect: str) -> "Rows | None":
    """Return the cached statement for (kind, number, total).

    Administrators also have referrals of inactive services: those not taken over are counted separately, without a
    kind, for the total.
    """
    if not partitions(scope_key, kinds):
        return None
    has_all = any(grant.administrator for grant in scope_key.grants)
    plain, others = split_plain(unit_partitions(scope_key, kinds))
    found = [_some(own_partitions(scope_key), Referral.kind, in_total=True)]
    if others:
        found.append(_some(others, Referral.kind, in_total=not has_all))
    if has_all:
        found.append(
            _some(
                [partition.condition for partition in unit_partitions(scope_key)], literal(""), in_total=True
            )
        )
    if plain:
        table, walked = lateral_query(plain, dialect, literal(1))
        some = walked.where(ACTION).order_by(Referral.deadline, Referral.case_id).limit(MOST_MARKED + 1)
        number = select(func.count()).select_from(some.subquery()).scalar_subquery()
        found.append(select(table.c.name, number, literal(1)))
    rows = union_all(*found).subquery()
    total = func.sum(rows.c.number * rows.c.in_total).label("total")
    return select(rows.c.kind, func.sum(rows.c.number).label("number"), total).group_by(rows.c.kind)


def _some(
    conditions: list[ColumnElement[bool]],
    kind: ColumnElement[str] | InstrumentedAttribute[str | None],
    *,
    in_total: bool,
) -> "Rows":
    """Return the statement for (kind, number, in_total) of referrals, up to the counted maximum."""
    some = limited_union(
        [and_(part, ACTION) for part in conditions], kind.label("kind"), most=MOST_MARKED
    ).subquery()
    return select(some.c.kind, literal(1).label("number"), literal(int(in_total)).label("in_total"))
