"""Where the cases lie that somebody may see, in forms that an index answers: :func:`civicportal.domain.cases.access.rights.visible` decides."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, true, union, union_all

from civicportal.core.db.ids import among, gathered
from civicportal.core.security import Grant, Identity
from civicportal.domain.cases.access.sql import by_lines, held, kinds_of
from civicportal.domain.cases.models import Case

if TYPE_CHECKING:
    from civicportal.core.work import Work

MOST_NAMED = 20_000
"""Cases that are named by their ids."""


@dataclass(frozen=True)
class Reach:
    """A part of the cases that the actor may see; None leaves a side open."""

    kinds: frozenset[str] | None
    units: frozenset[int] | None
    categories: frozenset[int] | None


def reaches(identity: Identity) -> list[Reach]:
    """Return where cases lie that may be seen; beyond these only those with a line to ``access.persons``.

    An index is asked by it; it proposes more than may be seen, and never less.
    """
    if identity.door == "system":
        return [Reach(None, None, None)]
    return [
        Reach(
            kinds=None if grant.administrator else frozenset(kinds_of(grant, "view")),
            units=grant.units,
            # Asked about or without a category, a case of the unit is seen by whom a category binds too.
            categories=grant.categories if grant.units is None else None,
        )
        for grant in identity.grants
        if grant.administrator or kinds_of(grant, "view")
    ]


def in_own_units(identity: Identity, kind: str) -> ColumnElement[bool]:
    """Return a condition on ``Case`` for the most of what :func:`~civicportal.domain.cases.access.rights.visible` holds for: an index has it together.

    :returns: that a membership covers the case where it lies now, whatever lines it has.
    """
    return or_(false(), *(held(grant) for grant in _memberships(identity, kind)))


def in_own_counters(identity: Identity, kind: str, counter: Any) -> ColumnElement[bool]:
    """Return the same condition on a table of counters, whose ``unit_id`` and ``category_id`` say 0 for none."""
    return or_(false(), *(_counted(grant, counter) for grant in _memberships(identity, kind)))


def _counted(grant: Grant, counter: Any) -> ColumnElement[bool]:
    found = [] if grant.units is None else [counter.unit_id.in_(grant.units)]
    if grant.categories is not None:
        unsorted = frozenset() if grant.units is None else frozenset({0})
        found.append(counter.category_id.in_(grant.categories | unsorted))
    return and_(true(), *found)


def _memberships(identity: Identity, kind: str) -> list[Grant]:
    return [grant for grant in identity.grants if identity.is_staff and grant.gives(f"{kind}:case:view")]


def by_line(work: "Work", kind: str, since: datetime | None = None) -> ColumnElement[bool] | None:
    """Return the condition on ``Case`` for those of a kind that the actor may see by a line and are not of :func:`in_own_units`.

    Mostly these are few: then they are named by their ids, so that nobody looks for them again.

    :param since: of cases that were opened before some may be missing.
    :returns: None where there is none, or all are the actor's own.
    """
    identity = work.actor
    queries = by_lines(identity, kind, since) if identity.is_staff else []
    if not queries:
        return None
    dialect = work.site.engines.dialect
    ids, number = gathered(work.session, union_all(*queries).limit(MOST_NAMED + 1), dialect)
    if not number:
        return None
    named = among(Case.id, ids, dialect) if number <= MOST_NAMED else Case.id.in_(union(*queries))
    # Of what has no unit or no category "own" says neither yes nor no.
    return and_(named, not_(func.coalesce(in_own_units(identity, kind), false())))
