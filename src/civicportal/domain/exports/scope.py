"""The scope of a file, compared with the requester's current scope."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from civicportal.core.security import Grant, Identity
from civicportal.domain.exports.types import ExportColumn

Part: TypeAlias = Mapping[str, Any]
"""One membership as JSON: ``administrator``, ``permissions``, ``units``, ``categories``; None means unlimited."""


def scope_of(identity: Identity, columns: Iterable[ExportColumn]) -> list[Part]:
    """Return the memberships that determined a file's contents."""
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


def is_within(scope: Sequence[Part] | None, identity: Identity) -> bool:
    """Return whether a person's memberships today cover all of it.

    :param scope: None if it is unknown, for files of older code.
    """
    if scope is None:
        return False
    return all(any(_holds(grant, part) for grant in identity.grants) for part in scope)


def _holds(grant: Grant, part: Part) -> bool:
    if not grant.administrator and (
        part["administrator"] or not grant.permissions.issuperset(part["permissions"])
    ):
        return False
    # Cases without a category belong to a unit, see Grant.covers, and to no category in all units.
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
