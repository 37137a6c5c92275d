"""Country and tables, which the plugins of a site register first."""

import pluggy

from civicportal.core.plugins import PluginModels, collect, in_order
from civicportal.util.countries import Country
from civicportal.util.errors import ConfigurationError


def choose_country(hooks: pluggy.PluginManager, code: str) -> Country:
    """Return the country with a code.

    :raises ConfigurationError: when there is none; names those registered.
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
