"""The migration state of each package.

Every serving process checks it at its start, and migrates nothing: revisions are read as files, without importing
Alembic, which takes nine megabytes.
"""

import ast
import logging
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, column, inspect, select, table

from civicportal.core.migration import rules as migrate_rules
from civicportal.core.migration.packages import VERSION_TABLE, Package, packages
from civicportal.util.errors import ConfigurationError

if TYPE_CHECKING:
    from civicportal.core.site import Site

__all__ = ["PackageState", "current", "pending", "refuse_pending", "sleeping"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class PackageState:
    """The revision of a package's tables: None is before the first one.

    :ivar is_ahead: newer code has migrated them.
    """

    name: str
    current: str | None
    head: str | None
    is_ahead: bool = False


def current(site: "Site") -> list[PackageState]:
    """Return the state of each package."""
    with site.engines.read.connect() as connection:
        return [_state(connection, one) for one in packages(site)]


def pending(site: "Site") -> list[PackageState]:
    """Return the packages whose tables are behind the code."""
    return [state for state in current(site) if state.current != state.head and not state.is_ahead]


def refuse_pending(site: "Site") -> None:
    """Refuse tables that do not match the code.

    During a rolling upgrade the old code works on tables that the new one has migrated: they
    are compatible if everything that the old code names exists.

    :raises ConfigurationError: with the remedy.
    """
    states = current(site)
    behind = [
        f"{state.name} {state.current or 'has no tables yet'}"
        for state in states
        if state.current != state.head and not state.is_ahead
    ]
    if behind:
        raise ConfigurationError(
            f"the database {site.engines.address} does not fit the installed code ({', '.join(behind)}): "
            "run civicportal db upgrade, or correct site.database_url"
        )
    ahead = {state.name: state for state in states if state.is_ahead}
    for one in packages(site):
        if one.name in ahead:
            _refuse_unfit(site, one, ahead[one.name])


def _refuse_unfit(site: "Site", package: Package, state: PackageState) -> None:
    with site.engines.read.connect() as connection:
        problems = list(migrate_rules.incompatible_tables(connection, package.metadata))
    if problems:
        raise ConfigurationError(
            f"newer code has migrated {state.name} to {state.current}, and this one works with that no more"
            f" ({'; '.join(problems)}): install the newer code"
        )
    log.warning("newer code has migrated %s to %s: install it here too", state.name, state.current)


def sleeping(site: "Site") -> list[str]:
    """Return the prefixes of disabled plugins with tables."""
    known = {one.version_table for one in packages(site)}
    tables = inspect(site.engines.read).get_table_names()
    return sorted(
        name.removeprefix(VERSION_TABLE)
        for name in tables
        if name.startswith(VERSION_TABLE) and name not in known
    )


def _state(connection: Connection, package: Package) -> PackageState:
    applied, followed = _applied(connection, package), _revisions(package)
    heads = sorted(followed.keys() - set(chain.from_iterable(followed.values())))
    if len(heads) > 1:
        raise ConfigurationError(f"{package.name}: the revisions {' and '.join(heads)} follow the same one")
    return PackageState(
        name=package.name,
        current=applied,
        head=heads[0] if heads else None,
        is_ahead=bool(followed) and applied is not None and applied not in followed,
    )


def _applied(connection: Connection, package: Package) -> str | None:
    if not inspect(connection).has_table(package.version_table):
        return None
    return connection.scalars(
        select(column("version_num")).select_from(table(package.version_table))
    ).one_or_none()


def _revisions(package: Package) -> dict[str, tuple[str, ...]]:
    """Return the package's revisions, each with its predecessors."""
    found = {}
    for path in package.versions.glob("*.py"):
        names = _constants(path)
        if isinstance(revision := names.get("revision"), str):
            earlier = names.get("down_revision") or ()
            found[revision] = (earlier,) if isinstance(earlier, str) else tuple(map(str, earlier))
    return found


@cache
def _constants(path: Path) -> dict[str, str | tuple[str, ...] | None]:
    """Return the constants of a revision: its id and its predecessors.

    Files are added while a process runs, and never change these.
    """
    found = {}
    for statement in ast.parse(path.read_bytes()).body:
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
            continue
        for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
            if isinstance(target, ast.Name) and target.id in ("revision", "down_revision"):
                found[target.id] = ast.literal_eval(statement.value)
    return found
