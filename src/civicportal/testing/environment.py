"""One assembled site with a migrated database that is emptied between tests."""

import shutil
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import event

from civicportal.core.site import Site
from civicportal.domain.ownership import establish
from civicportal.domain.ownership.models import PortalMark
from civicportal.portal import upgrade as migrate
from civicportal.testing.clock import NOON, FakeClock
from civicportal.testing.sites import make_site, make_site_file


class Environment:
    """Assembled once, used by many tests.

    :param folder: for the site's files.
    :param database_url: of an empty database.
    :param settings: overrides of the tables of ``site.toml``.
    :param make_tables: brings the tables of a site into its empty database.
    """

    def __init__(
        self,
        folder: Path,
        database_url: str,
        settings: Mapping[str, Mapping[str, Any]],
        make_tables: Callable[[Site], None] = migrate.upgrade,
    ) -> None:
        site_table = {**settings.get("site", {}), "database_url": database_url}
        self.path = make_site_file(folder, **{**settings, "site": site_table})
        self.clock = FakeClock()
        self.site = make_site(self.path, clock=self.clock)
        event.listen(self.site.engines.read, "connect", _hurry if self._is_sqlite else _be_patient)
        make_tables(self.site)
        establish(self.site)
        self._database = Path(database_url.removeprefix("sqlite:///"))
        self._template = folder / "template.db"
        if self._is_sqlite:
            # Closing the last connection writes the log into the file that is copied.
            self.site.engines.dispose()
            shutil.copyfile(self._database, self._template)

    @cached_property
    def app(self) -> Any:
        """Return the WSGI application, made when first asked for."""
        from civicportal.app import create_app

        return create_app(self.site)

    @property
    def _is_sqlite(self) -> bool:
        return self.site.engines.dialect == "sqlite"

    def reset(self) -> None:
        """Set the clock to noon, empty the database, the store of files and what the site remembers."""
        self.clock.set(NOON)
        for remembered in (self.site.faces, self.site.reference, self.site.memory):
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
        # The trail is guarded against this, and lets a transaction that says so go on.
        opened = "SET LOCAL civicportal.trail = 'open'"
        return "; ".join([opened, *(str(table.delete()) for table in tables)])

    def close(self) -> None:
        """Close the connections."""
        self.site.engines.dispose()


def _hurry(connection: Any, _record: Any) -> None:
    """Let SQLite care for no power cut, as the cluster of the tests does: it waits for the disk at no commit."""
    connection.execute("PRAGMA synchronous=OFF")


def _be_patient(connection: Any, _record: Any) -> None:
    """Let PostgreSQL wait longer than a portal's people do: what is quick is slow on a machine that is busy with other tests."""
    connection.execute("SET statement_timeout = '10s'; SET lock_timeout = '10s'")
    connection.commit()
