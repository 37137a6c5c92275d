"""Packages with migrations: core and plugins."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData

import civicportal
from civicportal.util.errors import ConfigurationError

if TYPE_CHECKING:
    from alembic.config import Config

    from civicportal.core.site import Site

CORE = "civicportal"
VERSION_TABLE = "alembic_version_"
SCRIPTS = Path(civicportal.__file__).parent / "migrations"


@dataclass(frozen=True, kw_only=True)
class Package:
    """The core or a plugin: its tables and its revisions.

    :ivar name: "civicportal", or the plugin's name.
    :ivar folder: contains ``versions/``.
    """

    name: str
    prefix: str
    metadata: MetaData
    folder: Path

    @property
    def version_table(self) -> str:
        """Return the name of the table with the applied revision."""
        return VERSION_TABLE + self.prefix

    @property
    def versions(self) -> Path:
        """Return the folder of the revisions."""
        return self.folder / "versions"

    def owns(self, item: Any, name: str | None, kind: str, *_compared: object) -> bool:
        """Return whether a table or its object belongs here, for Alembic."""
        table = name if kind == "table" else item.table.name
        return table in self.metadata.tables or (
            self.name != CORE and str(table).startswith(f"{self.prefix}_")
        )


def packages(site: "Site") -> list[Package]:
    """Return core and plugins with tables, in migration order.

    :raises ConfigurationError: when a plugin's prefix covers the tables of the core or of another plugin.
    """
    found = [Package(name=CORE, prefix=CORE, metadata=site.metadata, folder=SCRIPTS)]
    for name, models in site.models.items():
        found.append(
            Package(name=name, prefix=models.prefix, metadata=models.metadata, folder=models.migrations)
        )
    for one in found:
        others = [table for other in found if other is not one for table in other.metadata.tables]
        covered = [table for table in others if table.startswith(f"{one.prefix}_")]
        if covered:
            raise ConfigurationError(
                f"plugin {one.name!r}: the prefix {one.prefix}_ covers the table {covered[0]!r} of another plugin: choose another prefix"
            )
    return found


def config_for(package: Package, **attributes: object) -> "Config":
    """Return Alembic's configuration of one package; ``migrations/env.py`` reads the attributes."""
    from alembic.config import Config

    config = Config(stdout=io.StringIO(), attributes={"package": package, **attributes})
    config.set_main_option("script_location", _escape(SCRIPTS))
    config.set_main_option("version_locations", _escape(package.versions))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def _escape(path: Path) -> str:
    return str(path).replace("%", "%%")
