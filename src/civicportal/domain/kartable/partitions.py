"""A kartable as a union of disjoint, indexed partitions.

One statement over a large kartable would read and sort every referral. So a page reads as many referrals of each
partition as it shows, and takes the first of all. The partitions together are equal to
:func:`civicportal.domain.cases.access.rights.in_kartable` and disjoint; a property test verifies both.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    and_,
    case,
    exists,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased

from civicportal.core.db import table_of
from civicportal.core.security import Grant, Identity
from civicportal.domain.cases.access.rights import in_kartable
from civicportal.domain.cases.access.sql import (
    ADDRESSED,
    JOB,
    in_referral_units,
    kinds_of,
    persons,
    unassigned,
)
from civicportal.domain.cases.referral import Referral
from civicportal.util.lists import MOST_COUNTED
from civicportal.util.queries import Rows, Selected

Condition = ColumnElement[bool]
OTHER = aliased(Referral)
"""Another referral of the same case; created once, since an alias copies every column."""
_FREE = and_(Referral.closed_at.is_(None), unassigned(Referral))


@dataclass(frozen=True, kw_only=True)
class UnitPartition:
    """Open referrals that are not taken over.

    :ivar kind: of their cases; None for any.
    :ivar unit: None for all units.
    :ivar inside: a further condition, or None.
    """

    kind: str | None = None
    unit: int | None = None
    inside: Condition | None = None

    @property
    def is_plain(self) -> bool:
        """Return whether only kind and unit are limited."""
        return bool(self.kind and self.unit) and self.inside is None

    @property
    def condition(self) -> Condition:
        """Return the condition on ``Referral``."""
        of_kind = Referral.kind == self.kind if self.kind else None
        of_unit = Referral.to_unit_id == self.unit if self.unit else None
        return _all_of(_FREE, of_kind, of_unit, self.inside)


def partitions(identity: Identity, kinds: Collection[str] = ()) -> list[Condition]:
    """Return the conditions of the partitions of a kartable.

    There is one for the person's own referrals, and one for each unit and kind.

    :param kinds: divide the administrator's referrals by these kinds too, and leave out others.
    """
    return own_partitions(identity) + [partition.condition for partition in unit_partitions(identity, kinds)]


def own_partitions(identity: Identity) -> list[Condition]:
    """Return the partitions of the person and the represented people."""
    if not identity.is_staff:
        return []
    own = persons(identity)
    sent, taken = Referral.to_user_id.in_(own), Referral.taken_by_id.in_(own)
    sent_to_others = or_(Referral.to_user_id.is_(None), Referral.to_user_id.not_in(own))
    limits = (Referral.closed_at.is_(None), *in_referral_units(identity, Referral))
    return [and_(*limits, condition) for condition in (sent, and_(taken, sent_to_others))]


def one_per_case(identity: Identity) -> Condition:
    """Return the condition for one referral per case.

    This is the one for action, else the first job, copy or inquiry.
    """
    # There is at most one for action, so it needs no condition.
    return or_(Referral.type == "action", ~has_earlier(in_kartable(identity, OTHER)))


def has_earlier(condition: Condition) -> Condition:
    """Return the condition for an earlier referral of the case.

    :param condition: on :data:`OTHER`.
    """
    earlier = tuple_(_rank(OTHER), OTHER.id) < tuple_(_rank(Referral), Referral.id)
    others = select(OTHER.id).where(OTHER.case_id == Referral.case_id, condition, earlier)
    # The offset makes PostgreSQL check the few referrals of each case instead of joining all pairs of the person's.
    return exists(others.offset(0)).correlate(Referral)


def _rank(referral: type[Referral]) -> ColumnElement[str]:
    """Return what referrals of a case are sorted by: the one for action, then jobs, copies and inquiries."""
    return case((referral.type == JOB, "b"), else_=referral.type)


def limited_union(
    conditions: Iterable[Condition], *columns: Selected, most: int = MOST_COUNTED
) -> CompoundSelect[Any]:
    """Return a query for referrals of each partition, up to the counted maximum plus one.

    The order is that of an index: without it a database may search open referrals among all referrals.

    :param most: the maximum, by default that of a list.
    """
    order = (Referral.deadline, Referral.case_id)
    chosen = select(*columns).select_from(Referral).order_by(*order).limit(most + 1)
    return union_all(*(select(chosen.where(condition).subquery()) for condition in conditions))


def unit_partitions(identity: Identity, kinds: Collection[str] = ()) -> list[UnitPartition]:
    """Return the partitions that belong to whole units.

    :param kinds: as in :func:`partitions`.
    """
    if not identity.is_staff:
        return []
    if any(grant.administrator for grant in identity.grants):
        # Of any kind, including inactive services: in the order of all referrals.
        inside = None if _everything(identity) else in_kartable(identity)
        return [UnitPartition(kind=kind, inside=inside) for kind in kinds or (None,)]
    found: list[UnitPartition] = []
    scopes = identity.scopes
    for kind in sorted({kind for grant in scopes for kind in kinds_of(grant, "view")}):
        grants = [grant for grant in scopes if kind in kinds_of(grant, "view")]
        found += _of_kind(kind, grants)
    return found


def split_plain(some: Collection[UnitPartition]) -> tuple[list[UnitPartition], list[Condition]]:
    """Split partitions by whether they have further conditions."""
    plain = [partition for partition in some if partition.is_plain]
    return plain, [partition.condition for partition in some if not partition.is_plain]


def lateral_query(
    of_units: Iterable[UnitPartition], dialect: str, *columns: Selected
) -> tuple[FromClause, Rows]:
    """Return a table of partitions and a lateral query for the referrals of each, which the caller limits.

    PostgreSQL then plans one query instead of one per partition, which takes longer than executing them.

    :param of_units: partitions with only kind and unit; see :func:`split_plain`.
    """
    table = table_of([(partition.kind or "", partition.unit or 0) for partition in of_units], dialect)
    here = Referral.kind == table.c.name, Referral.to_unit_id == table.c.number
    return table, select(*columns).where(_FREE, *here).correlate(table)


def _everything(identity: Identity) -> bool:
    return any(
        grant.administrator and grant.units is None and grant.categories is None for grant in identity.grants
    )


def _of_kind(kind: str, grants: list[Grant]) -> Iterator[UnitPartition]:
    units = sorted({unit for grant in grants for unit in grant.units or ()})
    everywhere = [grant for grant in grants if grant.units is None]
    if not everywhere:
        yield from (UnitPartition(kind=kind, unit=unit, inside=_of_unit(unit, grants)) for unit in units)
    elif not _sorted(everywhere):
        yield UnitPartition(kind=kind)
    else:
        of_units = (_all_of(Referral.to_unit_id == unit, _of_unit(unit, grants)) for unit in units)
        yield UnitPartition(kind=kind, inside=or_(_inside(everywhere), *of_units))


def _of_unit(unit: int, grants: Iterable[Grant]) -> Condition | None:
    members = [grant for grant in grants if grant.is_of(unit)]
    if not _sorted(members):
        return None
    unsorted = or_(Referral.category_id.is_(None), Referral.type.in_(ADDRESSED))
    return or_(_inside(members), unsorted)


def _sorted(grants: Iterable[Grant]) -> bool:
    return all(grant.categories is not None for grant in grants)


def _inside(grants: list[Grant]) -> Condition:
    """Return the condition that the category is within any of the grants."""
    if not _sorted(grants):
        return true()
    return Referral.category_id.in_({category for grant in grants for category in grant.categories or ()})


def _all_of(*conditions: Condition | None) -> Condition:
    return and_(*(condition for condition in conditions if condition is not None))
