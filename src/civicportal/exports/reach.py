"""With which memberships a file was written, and whether whoever asks for it has as much today."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from civicportal.exports.types import Column
from civicportal.security import Grant, Identity

Part: TypeAlias = Mapping[str, Any]
"""One membership as JSON holds it: ``administrator``, ``permissions``, ``units``, ``categories``; None leaves a side open."""


def reach_of(identity: Identity, columns: Iterable[Column]) -> list[Part]:
    """Return what decided which cases, and which numbers of people, a file of these columns holds."""
    verbs = {"export", *(column.personal for column in columns if column.personal)}
    parts: list[Part] = []
    for grant in identity.grants:
        permissions = [name for name in grant.permissions if name.rpartition(":case:")[2] in verbs]
        if grant.administrator or permissions:
            parts.append(
                {
                    "administrator": grant.administrator,
                    "permissions": sorted(permissions),
                    "units": _listed(grant.units),
                    "categories": _listed(grant.categories),
                }
            )
    return parts


def is_within(reach: Sequence[Part] | None, identity: Identity) -> bool:
    """Return whether somebody's memberships hold all of it today.

    :param reach: None is not known, of a file of older code.
    """
    if reach is None:
        return False
    return all(any(_holds(grant, part) for grant in identity.grants) for part in reach)


def _holds(grant: Grant, part: Part) -> bool:
    if not grant.administrator and (
        part["administrator"] or not grant.permissions.issuperset(part["permissions"])
    ):
        return False
    # What has no category is part of a unit, see Grant.covers, and of no category in all units.
    same_sides = grant.categories is None or (grant.units is None) == (part["units"] is None)
    return (
        same_sides
        and _contains(grant.units, part["units"])
        and _contains(grant.categories, part["categories"])
    )


def _contains(whole: frozenset[int] | None, some: Sequence[int] | None) -> bool:
    return whole is None or (some is not None and whole.issuperset(some))


def _listed(ids: frozenset[int] | None) -> list[int] | None:
    return None if ids is None else sorted(ids)
