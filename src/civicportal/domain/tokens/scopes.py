"""Scopes of tokens: which rights of its person a token keeps.

A scope never adds a right. Each view of the API declares the scope that it needs; besides, the rights of the actor are cut
to those of the scopes, so that no service does more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from translationstring import TranslationString

from civicportal.core.security import Grant, Identity
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site

READ_CASES = "cases:read"
CASE = ":case:"
"""Part of the names of the rights that every kind of case has."""


@dataclass(frozen=True, kw_only=True)
class TokenScope:
    """What a token may be used for.

    :ivar rights: patterns of the rights that a token with this scope keeps, for instance ``*:case:view``.
    :ivar for_citizens: whether tokens of citizens can have it, who act on their own cases without rights.
    """

    name: str
    title: TranslationString
    rights: tuple[str, ...]
    for_citizens: bool = False


CORE_SCOPES: tuple[TokenScope, ...] = (
    TokenScope(
        name=READ_CASES,
        title=_("See and export cases"),
        rights=("*:case:view", "*:case:export"),
        for_citizens=True,
    ),
    TokenScope(
        name="cases:write",
        title=_("Submit cases and work on them"),
        rights=("*:case:work", "*:case:refer", "*:case:comment", "*:case:register", "*:case:act_any"),
        for_citizens=True,
    ),
    TokenScope(
        name="cases:personal",
        title=_("See names, numbers and identity of citizens"),
        rights=("*:case:contact", "*:case:identity"),
    ),
    TokenScope(name="statistics:read", title=_("See statistics"), rights=("*:case:view",)),
    TokenScope(name="organization:read", title=_("See units, categories and their questions"), rights=()),
    TokenScope(
        name="organization:write",
        title=_("Change units, categories and their questions"),
        rights=("core:unit:manage", "core:category:manage"),
    ),
    TokenScope(name="members:read", title=_("See members"), rights=("core:member:manage",)),
    TokenScope(name="members:write", title=_("Manage members"), rights=("core:member:manage",)),
)


def scopes_of(site: "Site") -> dict[str, TokenScope]:
    """Return the scopes of a site by name: those of the core, and two for each plugin with rights besides those on cases."""
    found = {scope.name: scope for scope in CORE_SCOPES}
    for plugin in site.plugins:
        if any(name.startswith(f"{plugin.name}:") and CASE not in name for name in site.permissions):
            found |= {scope.name: scope for scope in _of_plugin(site, plugin.name)}
    return found


def _of_plugin(site: "Site", plugin: str) -> Iterator[TokenScope]:
    title = site.kind_titles.get(plugin) or _(plugin.replace("_", " ").capitalize())
    rights = (f"{plugin}:*",)
    reading = _("${service}: read", mapping={"service": title})
    writing = _("${service}: change", mapping={"service": title})
    yield TokenScope(name=f"{plugin}:read", title=reading, rights=rights)
    yield TokenScope(name=f"{plugin}:write", title=writing, rights=rights)


def kept_of(site: "Site", scopes: Iterable[str], rights: Iterable[str]) -> frozenset[str]:
    """Return those of some rights that a token with these scopes keeps."""
    known = scopes_of(site)
    patterns = {pattern for name in scopes if name in known for pattern in known[name].rights}
    return frozenset(right for right in rights if any(_matches(right, pattern) for pattern in patterns))


def _matches(right: str, pattern: str) -> bool:
    # The rights on cases of a plugin belong to the scopes of cases.
    return fnmatchcase(right, pattern) and (CASE in pattern or CASE not in right)


def narrowed(
    site: "Site",
    identity: Identity,
    scopes: frozenset[str],
    units: frozenset[int] | None,
    rights: frozenset[str],
) -> Identity:
    """Return an identity with the rights that scopes and units leave.

    :param units: ids of the units to which it is limited; None does not limit.
    :param rights: every right of the site, which an administrator has.
    """
    kept = kept_of(site, scopes, rights.union(*(grant.permissions for grant in identity.grants)))
    if units is not None:
        kept -= site.rights_of_city
    grants = (_narrow(grant, kept, units) for grant in identity.grants)
    return replace(
        identity,
        grants=tuple(grant for grant in grants if grant is not None),
        referral_units=_both(identity.referral_units, units) if READ_CASES in scopes else frozenset(),
    )


def _narrow(grant: Grant, kept: frozenset[str], units: frozenset[int] | None) -> Grant | None:
    if units is not None and grant.units is None and grant.categories is not None:
        # In a unit, a membership for a topic also covers what has no topic; in the whole city it does not.
        return None
    permissions = kept if grant.administrator else kept & grant.permissions
    within = _both(grant.units, units)
    if not permissions or within == frozenset():
        return None
    return replace(
        grant,
        permissions=permissions,
        administrator=False,
        oversees=grant.oversees or grant.administrator,
        units=within,
        unit_id=grant.unit_id if within is None or grant.unit_id in within else None,
    )


def _both(one: frozenset[int] | None, other: frozenset[int] | None) -> frozenset[int] | None:
    """Return the units of both; None is every unit."""
    if one is None or other is None:
        return other if one is None else one
    return one & other
