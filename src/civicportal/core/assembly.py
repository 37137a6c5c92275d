"""What a site's plugins bring, gathered and checked at the start: tables, kinds of cases, permissions."""

from typing import TYPE_CHECKING

import pluggy

from civicportal.core.plugins import PluginModels, collect, in_order
from civicportal.core.security import Permission
from civicportal.domain.cases.workflow import CaseKind, permissions_of
from civicportal.util.countries import Country
from civicportal.util.errors import ConfigurationError

if TYPE_CHECKING:
    from civicportal.core.site import Site


def choose_country(hooks: pluggy.PluginManager, code: str) -> Country:
    """Return the country of a code.

    :raises ConfigurationError: when nobody brings it; names those there are.
    """
    found: dict[str, Country] = collect(hooks, "register_countries", lambda country: country.code)
    if code not in found:
        raise ConfigurationError(f"site.country: {code!r} is none of {', '.join(sorted(found))}")
    return found[code]


def collect_models(hooks: pluggy.PluginManager) -> dict[str, PluginModels]:
    """Return the tables of each plugin.

    :raises ConfigurationError: for a table without the plugin's prefix, and a prefix that two plugins have.
    """
    found: dict[str, PluginModels] = {}
    for name, call in in_order(hooks, "register_models"):
        models: PluginModels = call()
        for table in models.metadata.tables.values():
            if not table.name.startswith(f"{models.prefix}_"):
                raise ConfigurationError(
                    f"{name}: the table {table.name!r} does not begin with {models.prefix}_"
                )
        if models.prefix in (other.prefix for other in found.values()):
            raise ConfigurationError(f"{name}: another plugin has the prefix {models.prefix!r}")
        found[name] = models
    return found


def collect_kinds(site: "Site") -> dict[str, CaseKind]:
    """Return the kinds of cases as the site has adapted them.

    :raises ConfigurationError: for a kind that cannot work.
    """
    kinds: dict[str, CaseKind] = collect(site.hooks, "register_case_kinds", lambda kind: kind.name, site=site)
    for _name, adapt in in_order(site.hooks, "adapt_case_kind"):
        kinds = {key: adapt(kind=kind, site=site) or kind for key, kind in kinds.items()}
    for kind in kinds.values():
        kind.check()
    return kinds


def collect_permissions(site: "Site") -> dict[str, Permission]:
    """Return the permissions of core and plugins, and those that every kind of case has.

    :raises ConfigurationError: for a permission of a workflow step that units and categories cannot limit.
    """
    permissions: dict[str, Permission] = collect(
        site.hooks, "register_permissions", lambda permission: permission.name
    )
    for kind in site.kinds.values():
        for permission in permissions_of(kind):
            permissions.setdefault(permission.name, permission)
    for kind in site.kinds.values():
        for step in kind.workflow.transitions:
            asked = permissions.get(step.permission or "")
            if asked is not None and asked.scope != "case":
                raise ConfigurationError(
                    f"case kind {kind.name!r}: the step {step.name!r} asks for {asked.name!r}, which must be declared as "
                    'Permission(scope="case")'
                )
    return permissions
