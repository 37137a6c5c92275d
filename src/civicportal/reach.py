"""Where the cases lie that somebody may see, for an index: :func:`civicportal.access.visible` decides."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, true, union, union_all
from sqlalchemy.orm import Session

from civicportal.access import visible
from civicportal.cases.models import Case
from civicportal.scopes import gathered, held, kinds_of, shares_out
from civicportal.security import Identity


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


def in_own_units(identity: Identity, kind: str) -> ColumnElement[bool] | None:
    """Return a condition on ``Case`` for the most of what :func:`~civicportal.access.visible` holds for: an index has it together.

    :returns: that a membership covers the case where it lies now, whatever lines it has; None for who has no membership.
    """
    grants = [grant for grant in identity.grants if grant.gives(f"{kind}:case:view")]
    return or_(*(held(grant) for grant in grants)) if identity.is_staff and grants else None


def by_line(
    identity: Identity, kind: str, own: ColumnElement[bool], session: Session, most: int
) -> ColumnElement[bool] | None:
    """Return the condition on ``Case`` for those of a kind that may be seen by a line and are not the units' own.

    Mostly these are few: then they are named by their ids, so that nobody looks for them again.

    :param own: what :func:`in_own_units` returned.
    :param most: so many ids are few.
    :returns: None where there is none.
    """
    queries = gathered(identity, kind, "view", by_line=True)
    # Of what has no unit or no category "own" says neither yes nor no.
    others = not_(func.coalesce(own, false()))
    if queries is None:
        return and_(others, visible(identity, kind=kind))
    ids = set(session.scalars(union_all(*queries).limit(most + 1)))
    if not ids:
        return None
    inside = visible(identity, walked=True) if shares_out(identity) else true()
    return and_(Case.id.in_(ids if len(ids) <= most else union(*queries)), others, inside)
