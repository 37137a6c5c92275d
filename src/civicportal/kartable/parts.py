"""A kartable in parts, each of which an index holds in order: some lines are found without looking at the others.

One statement over the whole of a large kartable would gather and sort every line of it. So a page asks each part for as
many lines as it shows, and takes the first of them all. The parts together are :func:`civicportal.access.in_kartable`, and
no line is in two of them; a property test says so.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, and_, exists, or_, select, true, tuple_, union_all
from sqlalchemy.orm import aliased

from civicportal.access import in_kartable
from civicportal.kartable.models import Referral
from civicportal.lists import MOST_COUNTED
from civicportal.scopes import ADDRESSED, free_line, kinds_of, persons
from civicportal.security import Grant, Identity

Condition = ColumnElement[bool]
OTHER = aliased(Referral)
"""Another line of the same case; made once, since an alias copies every column."""


def parts(identity: Identity, kinds: Collection[str] = ()) -> list[Condition]:
    """Return the conditions on ``Referral`` of the parts: a person's own lines, and each unit's of each kind.

    :param kinds: by these the administrator's lines are parted too, and those of other kinds are left out.
    """
    free = free_line(Referral)
    of_units = [and_(Referral.closed_at.is_(None), free, shared) for shared in _shared(identity, kinds)]
    return own_parts(identity) + of_units


def own_parts(identity: Identity) -> list[Condition]:
    """Return the conditions of those parts that lie with the person, or with whom they deputise for."""
    if not identity.is_staff:
        return []
    own = persons(identity)
    sent, taken = Referral.to_user_id.in_(own), Referral.taken_by_id.in_(own)
    sent_to_others = or_(Referral.to_user_id.is_(None), Referral.to_user_id.not_in(own))
    return [and_(Referral.closed_at.is_(None), lines) for lines in (sent, and_(taken, sent_to_others))]


def best_line(identity: Identity) -> Condition:
    """Return the condition for one line of each case of the kartable: the one to act, else the first copy or inquiry."""
    # There is one line to act at most: of it nothing is asked.
    return or_(Referral.type == "action", ~earlier_line(in_kartable(identity, OTHER)))


def earlier_line(condition: Condition) -> Condition:
    """Return the condition that another such line of the case comes before; it is asked of :data:`OTHER`."""
    earlier = tuple_(OTHER.type, OTHER.id) < tuple_(Referral.type, Referral.id)
    lines = select(OTHER.id).where(OTHER.case_id == Referral.case_id, condition, earlier)
    # The offset has PostgreSQL look at the few lines of each case: joined, every two lines of somebody's day are compared.
    return exists(lines.offset(0)).correlate(Referral)


def some_of(lines: Iterable[Condition], *columns: Any, most: int = MOST_COUNTED) -> CompoundSelect[Any]:
    """Return a query for columns of so many lines of each part as are counted, and one more.

    The order is that of an index: without it a database may look for open lines among all that there ever were.

    :param most: as many as are counted of a list, if not said otherwise.
    """
    order = (Referral.deadline, Referral.case_id)
    chosen = select(*columns).select_from(Referral).order_by(*order).limit(most + 1)
    return union_all(*(select(chosen.where(line).subquery()) for line in lines))


def _shared(identity: Identity, kinds: Collection[str]) -> Iterator[Condition]:
    """Yield the parts that lie with whole units."""
    if not identity.is_staff:
        return
    if any(grant.administrator for grant in identity.grants):
        # Of any kind, also of one whose service is off: in the order of all lines.
        everything = true() if _everything(identity) else in_kartable(identity)
        yield from (and_(Referral.kind == kind, everything) for kind in kinds) if kinds else (everything,)
        return
    for kind in sorted({kind for grant in identity.grants for kind in kinds_of(grant, "view")}):
        grants = [grant for grant in identity.grants if kind in kinds_of(grant, "view")]
        yield from _of_kind(kind, grants)


def _everything(identity: Identity) -> bool:
    return any(
        grant.administrator and grant.units is None and grant.categories is None for grant in identity.grants
    )


def _of_kind(kind: str, grants: list[Grant]) -> Iterator[Condition]:
    of_kind = Referral.kind == kind
    units = {unit for grant in grants for unit in grant.units or ()}
    everywhere = [grant for grant in grants if grant.units is None]
    if everywhere:
        of_units = [_of_unit(unit, grants) for unit in sorted(units)]
        yield and_(of_kind, or_(_inside(everywhere), *of_units))
        return
    for unit in sorted(units):
        yield and_(of_kind, _of_unit(unit, grants))


def _of_unit(unit: int, grants: Iterable[Grant]) -> Condition:
    members = [grant for grant in grants if grant.is_of(unit)]
    unsorted = or_(Referral.category_id.is_(None), Referral.type.in_(ADDRESSED))
    inside = _inside(members)
    return and_(Referral.to_unit_id == unit, or_(inside, unsorted) if _sorted(members) else inside)


def _sorted(grants: Iterable[Grant]) -> bool:
    return all(grant.categories is not None for grant in grants)


def _inside(grants: list[Grant]) -> Condition:
    """Return the condition on the category: inside that of any of the grants."""
    if not _sorted(grants):
        return true()
    return Referral.category_id.in_({category for grant in grants for category in grant.categories or ()})
