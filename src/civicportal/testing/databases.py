"""Databases for a test run: empty and migrated ones."""

import shutil
from pathlib import Path
from typing import Literal
from weakref import WeakSet

from sqlalchemy import Connection, Engine, event, make_url

from civicportal.core.site import Site
from civicportal.portal import upgrade as migrate
from civicportal.testing.postgres import TemporaryCluster

Kind = Literal["sqlite", "postgresql"]


class Databases:
    """Create databases; the PostgreSQL cluster starts with the first one.

    :param folder: for SQLite files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cluster: TemporaryCluster | None = None
        self._made = 0
        self._migrated: dict[tuple[str, ...], str] = {}
        self._connected: WeakSet[Engine] = WeakSet()
        event.listen(Engine, "engine_connect", self._remember)

    def _remember(self, connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            self._connected.add(connection.engine)

    def disconnect(self) -> None:
        """Close the idle connections of this process to PostgreSQL.

        Pools of sites that tests have left behind would use up the connections that the server allows.
        """
        for engine in list(self._connected):
            engine.dispose()
        self._connected.clear()

    def create(self, kind: Kind, *, ctype: str = "C.UTF-8") -> str:
        """Return the URL of a new, empty database.

        :param ctype: ``LC_CTYPE`` on PostgreSQL.
        :raises PostgresMissing: when PostgreSQL is required and not installed.
        """
        if kind == "sqlite":
            self._made += 1
            return f"sqlite:///{self._folder / f'test{self._made}.db'}"
        if self._cluster is None:
            self._cluster = TemporaryCluster()
        return self._cluster.create_database(ctype)

    def migrate(self, site: Site) -> None:
        """Migrate an empty database."""
        key = self._key(site)
        address = site.settings["site"]["database_url"]
        site.engines.dispose()
        if key in self._migrated:
            self.copy(self._migrated[key], address)
            return
        migrate.upgrade(site)
        site.engines.dispose()
        self._migrated[key] = self.create(_kind(site))
        self.copy(address, self._migrated[key])

    def unused(self, site: Site) -> str:
        """Return the URL of a database with the tables of a site, which was never filled.

        Later sites get copies of it, so it may neither be changed nor stay connected.

        :raises KeyError: when no such site was migrated here.
        """
        return self._migrated[self._key(site)]

    def copy(self, source: str, target: str) -> None:
        """Overwrite an empty database with a copy.

        The original must have no connections.
        """
        names = [make_url(address).database or "" for address in (source, target)]
        if self._cluster and target.startswith("postgresql"):
            self._cluster.copy_database(*names)
        else:
            shutil.copyfile(*names)

    def close(self) -> None:
        """Stop the cluster, if it was started."""
        event.remove(Engine, "engine_connect", self._remember)
        if self._cluster:
            self._cluster.stop()

    @staticmethod
    def _key(site: Site) -> tuple[str, ...]:
        return (_kind(site), *(package.name for package in migrate.packages(site)))


def _kind(site: Site) -> Kind:
    return "sqlite" if site.engines.dialect == "sqlite" else "postgresql"
