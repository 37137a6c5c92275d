"""The source of a copy, locked against writes."""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, NullPool, Table, create_engine, event, func, insert, select, text
from sqlalchemy.exc import OperationalError

from civicportal.core.db import Engines
from civicportal.core.migration import state as migrate_state
from civicportal.core.migration.connection import dedicated_engine
from civicportal.domain.ownership import refuse_other_secrets
from civicportal.domain.ownership.models import COPYING, ID, MOVED, PortalMark
from civicportal.portal.worker.heartbeat import GONE_AFTER, WorkerProcess
from civicportal.tools.backup.databases import Figure
from civicportal.tools.copying.errors import CopyError, explaining
from civicportal.tools.copying.tables import CopiedTable
from civicportal.util.queries import NamedRecord

if TYPE_CHECKING:
    from civicportal.core.site import Site

STOP = "stop the portal and its workers (systemctl stop civicportal.socket civicportal civicportal-worker)"
PATIENCE = 5.0
"""Seconds in which connections that were just closed must have gone, here and in the target."""
MARKS: Table = PortalMark.metadata.tables[PortalMark.__tablename__]


class SourceDatabase:
    """A database in one transaction, in which it does not change.

    :param connection: the only one to it.
    """

    def __init__(self, site: "Site", connection: Connection) -> None:
        self.site = site
        self.connection = connection
        self.place = site.engines.address
        self.marks: dict[str, NamedRecord] = {row.name: row for row in connection.execute(select(MARKS))}

    def count(self, one: CopiedTable) -> int:
        """Return the number of rows of a table."""
        return one.count(self.connection)

    def figure(self, one: CopiedTable) -> Figure:
        """Return the number of rows and the digest of a table."""
        return one.figure(self.connection)

    def rows(self, one: CopiedTable, offset: int) -> Iterator[Sequence[object]]:
        """Yield the rows of a table by key."""
        return one.rows(self.connection, offset)

    def positions(self, tables: Iterable[CopiedTable]) -> dict[str, int]:
        """Return the highest id ever used, by table."""
        return {one.name: self._position(one) for one in tables if one.counter}

    def move(self, value: str) -> None:
        """Mark the portal as moved, and commit.

        From then on it does not start on this database.
        """
        if MOVED not in self.marks:
            now = self.site.clock.now()
            self.connection.execute(insert(MARKS).values(name=MOVED, value=value, at=now))
        self.connection.commit()

    def _position(self, one: CopiedTable) -> int:
        highest = self.connection.scalar(select(func.max(one.table.c[one.counter]))) or 0
        if self.connection.dialect.name == "sqlite":
            query = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
            named = {"table": one.name}
        else:
            query = text("SELECT pg_sequence_last_value(pg_get_serial_sequence(:table, :column)::regclass)")
            named = {"table": one.name, "column": one.counter}
        return max(highest, self.connection.scalar(query, named) or 0)


@contextmanager
def quiet_source(site: "Site", tables: list[CopiedTable]) -> Iterator[SourceDatabase]:
    """Lock the database of a site and yield it.

    It must belong to the site's portal.

    SQLite is locked exclusively, which fails while any process has the file open. On PostgreSQL no other client may be
    connected, and its tables are locked against writes.

    :raises CopyError: when it is used, is not the portal's, or does not have the tables of the installed code.
    """
    place = site.engines.address
    with explaining(place):
        _refuse_unfit(site, place)
        site.engines.dispose()
        engine = _engine(site.engines)
        try:
            with _locked(engine, place, tables) as connection:
                source = SourceDatabase(site, connection)
                _refuse_workers(source)
                yield source
        finally:
            engine.dispose()


def _refuse_unfit(site: "Site", place: str) -> None:
    states = migrate_state.current(site)
    behind = [f"{one.name} at {one.current or 'no tables'}" for one in states if one.current != one.head]
    if behind:
        raise CopyError(
            f"{place}: its tables are not those of the installed code ({', '.join(behind)}): name this database in"
            " site.database_url and run civicportal db upgrade, or install the newer code"
        )
    if sleeping := migrate_state.sleeping(site):
        raise CopyError(
            f"{place}: it has tables of plugins that the site does not list ({', '.join(sleeping)}): list them in"
            " site.plugins until the copy is made, or delete their data with civicportal plugin purge"
        )
    with site.engines.read.connect() as connection:
        marked = connection.scalar(select(MARKS.c.value).where(MARKS.c.name == ID))
        unfinished = connection.scalar(select(MARKS.c.value).where(MARKS.c.name == COPYING))
    if unfinished:
        raise CopyError(
            f"{place}: a copy into this database was not finished: run it again, or copy from its source"
        )
    if not marked:
        raise CopyError(
            f"{place}: no portal has run on it: name it in site.database_url and run civicportal db upgrade"
        )
    refuse_other_secrets(site)


def _engine(engines: Engines) -> Engine:
    if engines.dialect == "postgresql":
        return dedicated_engine(engines)
    engine = create_engine(engines.read.url, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        # Locked before the write-ahead log is first read, so that every other connection is noticed.
        for pragma in (
            f"busy_timeout={int(PATIENCE * 1000)}",
            "locking_mode=EXCLUSIVE",
            "foreign_keys=ON",
            "synchronous=FULL",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")

    return engine


@contextmanager
def _locked(engine: Engine, place: str, tables: list[CopiedTable]) -> Iterator[Connection]:
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            _lock_postgresql(connection, place, tables)
            yield connection
        return
    with _refusing_locked(place):
        connection = engine.connect()
    with connection:
        with _refusing_locked(place):
            connection.begin()
        _refuse_dangling(connection, place)
        yield connection


@contextmanager
def _refusing_locked(place: str) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if "locked" not in str(error.orig):
            raise
        raise CopyError(f"{place}: another process has it open: {STOP}") from error


def _lock_postgresql(connection: Connection, place: str, tables: list[CopiedTable]) -> None:
    others = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    until = time.monotonic() + PATIENCE
    while number := connection.scalar(others):
        if time.monotonic() > until:
            raise CopyError(
                f"{place}: {number} other connections are open: {STOP}, and close poolers and consoles"
            )
        # The view is read once in a transaction.
        connection.rollback()
        time.sleep(0.1)  # PostgreSQL announces no end of a connection
    connection.rollback()
    # None of these takes the snapshot of the transaction: the first query after the locks does.
    for setting in (
        "SET LOCAL statement_timeout = 0",
        "SET LOCAL idle_in_transaction_session_timeout = 0",
        "SET LOCAL lock_timeout = '5s'",
    ):
        connection.execute(text(setting))
    # Alone, so that a second copy from here waits in vain.
    connection.execute(CopiedTable(MARKS).ddl("LOCK TABLE %(fullname)s IN EXCLUSIVE MODE"))
    for one in tables:
        connection.execute(one.ddl("LOCK TABLE %(fullname)s IN SHARE MODE"))


def _refuse_dangling(connection: Connection, place: str) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        found = ", ".join(sorted({f"{row[0]} → {row[2]}" for row in broken}))
        raise CopyError(
            f"{place}: {len(broken)} rows reference rows that do not exist ({found}), which PostgreSQL refuses: delete them,"
            " or restore a backup"
        )


def _refuse_workers(source: SourceDatabase) -> None:
    workers = WorkerProcess.__table__
    now = source.site.clock.now()
    running = select(workers.c.host, workers.c.pid, workers.c.seen_at).where(
        workers.c.stopped_at.is_(None), workers.c.seen_at > now - GONE_AFTER
    )
    found = [
        f"process {row.pid} on {row.host}, seen {int((now - row.seen_at).total_seconds())} s ago"
        for row in source.connection.execute(running)
    ]
    if found:
        minutes = int(GONE_AFTER.total_seconds() // 60)
        raise CopyError(
            f"{source.place}: a worker runs ({'; '.join(found)}): {STOP}; if it was killed, wait {minutes} minutes"
        )
