"""The kinds of cases of a site."""

from collections.abc import Iterator, Mapping

from translationstring import TranslationString

from civicportal.core.plugins import collect, in_order
from civicportal.core.security import Permission
from civicportal.core.site import Site, SiteKey
from civicportal.domain.cases.workflow import CaseKind, permissions_of, unknown_kind
from civicportal.util.errors import ConfigurationError

_KINDS: SiteKey[dict[str, CaseKind]] = SiteKey("kinds of cases")


def kinds_of(site: Site) -> dict[str, CaseKind]:
    """Return the kinds of cases of a site, by name."""
    return site[_KINDS]


def kind_of(site: Site, name: str) -> CaseKind:
    """Return a kind of case.

    For a kind of a disabled plugin this is a substitute without transitions.
    """
    return site[_KINDS].get(name) or unknown_kind(name)


def collect_kinds(site: Site) -> None:
    """Collect the kinds of cases, adapted by the site, and their permissions.

    :raises ConfigurationError: for a kind that cannot work, and for a permission of a workflow step that units and
        categories cannot limit.
    """
    kinds: dict[str, CaseKind] = collect(
        site.hooks, "register_case_kinds", lambda kind: kind.name, owners=site.owners, site=site
    )
    for _name, adapt in in_order(site.hooks, "adapt_case_kind"):
        kinds = {key: adapt(kind=kind, site=site) or kind for key, kind in kinds.items()}
    for kind in kinds.values():
        kind.check()
    site[_KINDS] = kinds
    site.kind_titles = _Titles(kinds)
    _add_permissions(kinds, site.permissions)


class _Titles(Mapping[str, TranslationString]):
    """The current titles of kinds by name."""

    def __init__(self, kinds: Mapping[str, CaseKind]) -> None:
        self._kinds = kinds

    def __getitem__(self, name: str) -> TranslationString:
        return self._kinds[name].title

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


def _add_permissions(kinds: dict[str, CaseKind], permissions: dict[str, Permission]) -> None:
    for kind in kinds.values():
        for permission in permissions_of(kind):
            permissions.setdefault(permission.name, permission)
    for kind in kinds.values():
        for step in kind.workflow.transitions:
            asked = permissions.get(step.permission or "")
            if asked is not None and asked.scope != "case":
                raise ConfigurationError(
                    f"case kind {kind.name!r}: the step {step.name!r} asks for {asked.name!r}, which must be declared as "
                    'Permission(scope="case")'
                )
