"""An assembled site with a migrated database that is emptied between tests."""

import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast
from wsgiref.types import WSGIApplication

from sqlalchemy import Connection, Table, event, exists, or_, select
from sqlalchemy.engine.interfaces import DBAPIConnection

from civicportal.core.site import Site
from civicportal.domain.ownership import establish
from civicportal.domain.ownership.models import PortalMark
from civicportal.portal import upgrade as migrate
from civicportal.testing.clock import NOON, FakeClock
from civicportal.testing.sites import make_site, make_site_file
from civicportal.testing.writers import refuse_second_writers
from civicportal.util.values import Values

if TYPE_CHECKING:
    import psycopg

Made = TypeVar("Made")


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
        self._filled: dict[tuple[str, str], _Filled] = {}
        with self.site.engines.read.connect() as connection:
            self._empty_at_first = [
                table for table in self._tables if not connection.scalar(select(exists().select_from(table)))
            ]
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
            self._copy_template(self._template)
        else:
            self._delete_rows()

    def filled(self, fill: Callable[[Site], Made]) -> Made:
        """Fill the empty site as a function does, and return what it returned.

        The function runs once; later the rows that it wrote are put back, and the clock is set as it left it. So it
        may write no files, and what it returned may not be changed. Where anything is in the site already, the
        function runs as any other.

        :raises RuntimeError: if the function wrote files.
        """
        if not self._is_empty():
            return fill(self.site)
        known = fill.__module__, fill.__qualname__
        if known not in self._filled:
            made = fill(self.site)
            if any(self.site.storage.keys()):
                raise RuntimeError(f"{fill.__qualname__} wrote files, which are not put back")
            self._filled[known] = _Filled(made, self.clock.now(), self._keep_rows(len(self._filled)))
            return made
        filled = self._filled[known]
        self.clock.set(filled.now)
        if isinstance(filled.rows, Path):
            self._copy_template(filled.rows)
        else:
            self._put_back(filled.rows)
        return cast("Made", filled.made)

    def _is_empty(self) -> bool:
        with self.site.engines.read.connect() as connection:
            return not connection.exec_driver_sql(self._looks).scalar_one()

    def _keep_rows(self, number: int) -> Path | Mapping[str, bytes]:
        if self._is_sqlite:
            self.site.engines.dispose()
            return Path(shutil.copyfile(self._database, self._template.with_name(f"filled{number}.db")))
        with self.site.engines.read.connect() as connection:
            rows = {
                table.name: b"".join(_copy(connection, f"COPY {table.name} TO STDOUT"))
                for table in self._tables
            }
        return {name: data for name, data in rows.items() if data}

    def _put_back(self, rows: Mapping[str, bytes]) -> None:
        with self.site.engines.write.begin() as connection:
            # Triggers write the search index, which no model has.
            for name, data in rows.items():
                _copy(connection, f"COPY {name} FROM STDIN", data)

    def _copy_template(self, template: Path) -> None:
        self.site.engines.dispose()
        for suffix in ("-wal", "-shm"):
            Path(f"{self._database}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(template, self._database)

    def _delete_rows(self) -> None:
        # One round trip: many times faster than TRUNCATE on tables that are nearly empty.
        with self.site.engines.write.begin() as connection:
            connection.exec_driver_sql(self._deletes)

    @cached_property
    def _tables(self) -> list[Table]:
        packages = migrate.packages(self.site)
        tables = [table for package in packages for table in package.metadata.sorted_tables]
        # The store keeps its mark, so the database must keep its mark too.
        return [table for table in tables if table is not PortalMark.__table__]

    @cached_property
    def _looks(self) -> str:
        return str(select(or_(*(exists().select_from(table) for table in self._empty_at_first))))

    @cached_property
    def _deletes(self) -> str:
        # Triggers protect the audit trail, except in a transaction that sets this option.
        opened = "SET LOCAL civicportal.trail = 'open'"
        return "; ".join([opened, *(str(table.delete()) for table in reversed(self._tables))])

    def close(self) -> None:
        """Close the connections."""
        self.site.engines.dispose()


class _Filled(NamedTuple):
    """What a function that fills a site has made.

    :ivar rows: a copy of the database on SQLite, the text of each table's rows on PostgreSQL.
    """

    made: object
    now: datetime
    rows: Path | Mapping[str, bytes]


def _copy(connection: Connection, statement: str, data: bytes = b"") -> list[bytes]:
    """Copy the rows of a table out or in, and return those that came out."""
    driver = cast("psycopg.Connection", connection.connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        if data:
            copy.write(data)
            return []
        return [bytes(part) for part in copy]


def _hurry(connection: DBAPIConnection, _record: object) -> None:
    """Turn off syncing of SQLite, as in the test cluster."""
    connection.cursor().execute("PRAGMA synchronous=OFF")


def _be_patient(connection: DBAPIConnection, _record: object) -> None:
    """Raise PostgreSQL's timeouts for machines that run many tests at once."""
    connection.cursor().execute("SET statement_timeout = '10s'; SET lock_timeout = '10s'")
    connection.commit()
