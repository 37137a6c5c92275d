"""An assembled site with a migrated database that is emptied between tests."""

import shutil
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from wsgiref.types import WSGIApplication

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection

from civicportal.core.site import Site
from civicportal.domain.ownership import establish
from civicportal.domain.ownership.models import PortalMark
from civicportal.portal import upgrade as migrate
from civicportal.testing.clock import NOON, FakeClock
from civicportal.testing.sites import make_site, make_site_file
from civicportal.testing.writers import refuse_second_writers
from civicportal.util.values import Values


class Environment:
    """A site assembled once and used by many tests.

    :param folder: for the site's files.
    :param database_url: of an empty database.
    :param settings: overrides of the tables of ``site.toml``.
    :param make_tables: migrates the empty database of a site.
    """

    def __init__(
        self,
        folder: Path,
        database_url: str,
        settings: Mapping[str, Values],
        make_tables: Callable[[Site], None] = migrate.upgrade,
    ) -> None:
        site_table = {**settings.get("site", {}), "database_url": database_url}
        self.path = make_site_file(folder, **{**settings, "site": site_table})
        self.clock = FakeClock()
        self.site = make_site(self.path, clock=self.clock)
        event.listen(self.site.engines.read, "connect", _hurry if self._is_sqlite else _be_patient)
        if self._is_sqlite:
            refuse_second_writers(self.site)
        make_tables(self.site)
        establish(self.site)
        self._database = Path(database_url.removeprefix("sqlite:///"))
        self._template = folder / "template.db"
        if self._is_sqlite:
            # Closing the last connection writes the log into the file that is copied.
            self.site.engines.dispose()
            shutil.copyfile(self._database, self._template)

    @cached_property
    def app(self) -> WSGIApplication:
        """Return the WSGI application, created on first use."""
        from civicportal.app import create_app

        return create_app(self.site)

    @property
    def _is_sqlite(self) -> bool:
        return self.site.engines.dialect == "sqlite"

    def reset(self) -> None:
        """Reset clock, database, file store and caches."""
        self.clock.set(NOON)
        for remembered in (self.site.branding_cache, self.site.reference, self.site.cache):
            remembered.forget()
        for key in list(self.site.storage.keys()):
            self.site.storage.delete(key)
        for key in list(self.site.storage.quarantined()):
            self.site.storage.purge(key)
        if self._is_sqlite:
            self._copy_template()
        else:
            self._delete_rows()

    def _copy_template(self) -> None:
        self.site.engines.dispose()
        for suffix in ("-wal", "-shm"):
            Path(f"{self._database}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(self._template, self._database)

    def _delete_rows(self) -> None:
        # One round trip: many times faster than TRUNCATE on tables that are nearly empty.
        with self.site.engines.write.begin() as connection:
            connection.exec_driver_sql(self._deletes)

    @cached_property
    def _deletes(self) -> str:
        packages = reversed(migrate.packages(self.site))
        tables = [table for package in packages for table in reversed(package.metadata.sorted_tables)]
        # The store keeps its mark, so the database must keep its mark too.
        tables.remove(PortalMark.__table__)
        # Triggers protect the audit trail, except in a transaction that sets this option.
        opened = "SET LOCAL civicportal.trail = 'open'"
        return "; ".join([opened, *(str(table.delete()) for table in tables)])

    def close(self) -> None:
        """Close the connections."""
        self.site.engines.dispose()


def _hurry(connection: DBAPIConnection, _record: object) -> None:
    """Turn off syncing of SQLite, as in the test cluster."""
    connection.cursor().execute("PRAGMA synchronous=OFF")


def _be_patient(connection: DBAPIConnection, _record: object) -> None:
    """Raise PostgreSQL's timeouts for machines that run many tests at once."""
    connection.cursor().execute("SET statement_timeout = '10s'; SET lock_timeout = '10s'")
    connection.commit()
