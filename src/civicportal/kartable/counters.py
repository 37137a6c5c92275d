"""How many cases wait in a kartable, for the marks beside links: exact as long as they are few."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, CompoundSelect, and_, func, literal, select, union_all

from civicportal.kartable.models import Referral
from civicportal.kartable.parts import Share, each_of, own_parts, parted, parts, shares, some_of
from civicportal.lists import Total, so_many
from civicportal.security import Identity

if TYPE_CHECKING:
    from civicportal.cases.paging import Rows
    from civicportal.work import Work

NONE = Total(0)
MOST_MARKED = 99
"""More than these are not counted for a mark, which stands on every page; the kartable itself counts further."""
KEPT = 500
"""Statements that a process keeps: one for each set of memberships of those who are at work."""


@dataclass(frozen=True, kw_only=True)
class OpenLines:
    """Open action lines of a kartable, in all and by kind of case."""

    total: Total = NONE
    by_kind: Mapping[str, Total] = field(default_factory=dict)


def open_lines(work: "Work") -> OpenLines:
    """Count the actor's open action lines in one statement; of each part no more than :data:`MOST_MARKED`."""
    query = _query(work.actor.reach, tuple(work.site.kinds), work.site.engines.dialect)
    if query is None:
        return OpenLines()
    found = {row.kind: int(row.number) for row in work.session.execute(query)}
    total = found.pop("", None)
    by_kind = {kind: so_many(number, MOST_MARKED) for kind, number in found.items()}
    return OpenLines(
        total=so_many(sum(found.values()) if total is None else total, MOST_MARKED), by_kind=by_kind
    )


@lru_cache(maxsize=KEPT)
def _query(reach: Identity, kinds: tuple[str, ...], dialect: str) -> "Rows | CompoundSelect[Any] | None":
    """Return the statement for (kind, number); SQLAlchemy works longer at making it than at sending it.

    An administrator has lines of services that are switched off too: their total has a row of its own, without a kind.
    """
    if not parts(reach, kinds):
        return None
    by_kind = _counted(own_parts(reach), shares(reach, kinds), dialect, Referral.kind)
    if not any(grant.administrator for grant in reach.grants):
        return by_kind
    return by_kind.union_all(_counted(own_parts(reach), shares(reach), dialect, literal("")))


def _counted(own: list[ColumnElement[bool]], shared: list[Share], dialect: str, kind: Any) -> "Rows":
    """Return the statement for (kind, number) of these lines, as far as they are counted."""
    plain, others = parted(shared)
    action = Referral.type == "action"
    lines = some_of([and_(part, action) for part in own + others], kind.label("kind"), most=MOST_MARKED)
    found = [select(lines.subquery().c.kind, literal(1).label("number"))]
    if plain:
        table, walked = each_of(plain, dialect, literal(1))
        some = walked.where(action).order_by(Referral.deadline, Referral.case_id).limit(MOST_MARKED + 1)
        number = select(func.count()).select_from(some.subquery()).scalar_subquery()
        found.append(select(table.c.name, number))
    rows = union_all(*found).subquery()
    return select(rows.c.kind, func.sum(rows.c.number).label("number")).group_by(rows.c.kind)
