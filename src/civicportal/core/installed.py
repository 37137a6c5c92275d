"""What is installed, by the entry points of distributions: plugins, sites, and commands of both.

It imports no library, so that ``civicportal --help`` answers at once.
"""

import os
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from civicportal.util.errors import ConfigurationError
from civicportal.util.toml import read_toml

PLUGINS = "civicportal.plugins"
SITES = "civicportal.sites"
COMMANDS = "civicportal.commands"


def installed_plugins() -> set[str]:
    """Return the names of the installed plugins, listed by a site or not."""
    return {entry.name for entry in entry_points(group=PLUGINS)}


def find_site(option: str | None = None) -> Path:
    """Return the site file a command works on.

    :param option: ``--site``; else ``CIVICPORTAL_SITE``, else ``./site.toml``, else the one installed site.
    :raises ConfigurationError: when there is none, or several and none is named.
    """
    named = option or os.environ.get("CIVICPORTAL_SITE")
    if named:
        return Path(named)
    if Path("site.toml").is_file():
        return Path("site.toml")
    installed = list(entry_points(group=SITES))
    if len(installed) == 1:
        return Path(installed[0].load())
    names = ", ".join(sorted(entry.name for entry in installed)) or "none"
    raise ConfigurationError(f"which site? Give --site PATH or set CIVICPORTAL_SITE (installed: {names})")


def commands_of(site: Path) -> Mapping[str, EntryPoint]:
    """Return the commands of a site's plugins and of its own package, by name, not yet imported.

    A command belongs to the plugin or site whose package it is in. Only the list of plugins is read; what else is wrong
    with the file is said when it is assembled.

    :raises ConfigurationError: when the file cannot be read.
    """
    table = read_toml(site).get("site")
    table = table if isinstance(table, dict) else {}
    listed = table.get("plugins")
    names = listed if isinstance(listed, list) else []
    packages = {_package(entry) for entry in entry_points(group=PLUGINS) if entry.name in names}
    packages.add(str(table.get("package", "")))
    return {entry.name: entry for entry in entry_points(group=COMMANDS) if _package(entry) in packages}


def _package(entry: EntryPoint) -> str:
    return entry.value.partition(":")[0].partition(".")[0].strip()
