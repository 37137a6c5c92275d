"""Approximations of :func:`civicportal.domain.cases.access.rights.visible` that an index can answer."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, true, union, union_all

from civicportal.core.db.ids import among, gathered
from civicportal.core.security import Grant, Identity
from civicportal.domain.cases.access.sql import held, kinds_of, referral_queries
from civicportal.domain.cases.models import Case

if TYPE_CHECKING:
    from civicportal.core.work import Work

MOST_NAMED = 20_000
"""Maximum cases selected by ids."""


@dataclass(frozen=True)
class ScopePart:
    """A part of the actor's scope; None leaves a side open."""

    kinds: frozenset[str] | None
    units: frozenset[int] | None
    categories: frozenset[int] | None


def scope_parts(identity: Identity) -> list[ScopePart]:
    """Return the actor's scope by unit and category, for use with an index.

    It covers more than is visible, never less.
    """
    if identity.realm == "system":
        return [ScopePart(None, None, None)]
    return [
        ScopePart(
            kinds=None if grant.administrator else frozenset(kinds_of(grant, "view")),
            units=grant.units,
            # After an inquiry, or without a category, a case is visible to members with a category too.
            categories=grant.categories if grant.units is None else None,
        )
        for grant in identity.scopes
        if grant.administrator or kinds_of(grant, "view")
    ]


def in_own_units(identity: Identity, kind: str) -> ColumnElement[bool]:
    """Return the main part of the visibility condition.

    It is the part of :func:`~civicportal.domain.cases.access.rights.visible` that an index answers.

    :returns: that a membership covers the case in its current unit, whatever its referrals.
    """
    return or_(false(), *(held(grant) for grant in _memberships(identity, kind)))


def in_own_counters(identity: Identity, kind: str, counter: Any) -> ColumnElement[bool]:
    """Return the same condition for a table of counters.

    Its ``unit_id`` and ``category_id`` are 0 for none.
    """
    return or_(false(), *(_counted(grant, counter) for grant in _memberships(identity, kind)))


def _counted(grant: Grant, counter: Any) -> ColumnElement[bool]:
    found = [] if grant.units is None else [counter.unit_id.in_(grant.units)]
    if grant.categories is not None:
        unsorted = frozenset() if grant.units is None else frozenset({0})
        found.append(counter.category_id.in_(grant.categories | unsorted))
    return and_(true(), *found)


def _memberships(identity: Identity, kind: str) -> list[Grant]:
    return [grant for grant in identity.scopes if identity.is_staff and grant.gives(f"{kind}:case:view")]


def visible_by_referral(
    work: "Work", kinds: Collection[str], since: datetime | None = None
) -> dict[str, ColumnElement[bool] | None]:
    """Return the condition for the cases of each kind that are visible by referrals only.

    If there are few of a kind, they are selected by their ids, which are loaded once, of all kinds together.

    :param since: cases opened before may be missing.
    :returns: None for a kind of which there are none, or all are the actor's own.
    """
    identity = work.actor
    queries = {kind: referral_queries(identity, kind, since) for kind in kinds if identity.is_staff}
    dialect = work.site.engines.dialect
    some = {kind: union_all(*several).limit(MOST_NAMED + 1) for kind, several in queries.items() if several}
    found: dict[str, ColumnElement[bool] | None] = dict.fromkeys(kinds)
    for kind, (ids, number) in gathered(work.session, some, dialect).items():
        few = number <= MOST_NAMED
        named = among(Case.id, ids, dialect) if few else Case.id.in_(union(*queries[kind]))
        # Without a unit or category "own" is NULL in SQL.
        found[kind] = and_(named, not_(func.coalesce(in_own_units(identity, kind), false())))
    return found
