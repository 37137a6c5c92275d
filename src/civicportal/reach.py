"""Where the cases lie that somebody may see, for an index: :func:`civicportal.access.visible` decides."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement

from civicportal.access import gathered, kinds_of, visible
from civicportal.cases.models import Case
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

    :returns: that a case of the kind lies in a unit where a membership covers it whatever its category, and whatever
        lines it has; None for who has no such membership.
    """
    grants = [grant for grant in identity.grants if grant.gives(f"{kind}:case:view")]
    units = frozenset[int]().union(*(grant.units or () for grant in grants if grant.categories is None))
    return Case.unit_id.in_(units) if identity.is_staff and units else None


def by_line(identity: Identity, kind: str) -> ColumnElement[bool]:
    """Return the condition on ``Case`` for those of a kind that may be seen by a line, wherever they lie now.

    Where units alone do not tell them, for all that may be seen.
    """
    ids = gathered(identity, f"{kind}:case:view", by_line=True)
    return visible(identity, kind=kind) if ids is None else Case.id.in_(ids)
