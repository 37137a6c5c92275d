"""The connection of migrations: a separate engine, one lock, one transaction."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, NullPool, Table, create_engine, event, text

from civicportal.core.db import Engines
from civicportal.core.db.connections import write_ahead
from civicportal.core.db.servers import connection_parameters
from civicportal.util.errors import ConfigurationError

LOCK = 0x63697669
"""Key of PostgreSQL's advisory lock: "civi"."""
BATCH_COPY = "_alembic_tmp_"
"""Alembic's name for the copy of a table."""


@contextmanager
def migrating(engines: Engines) -> Iterator[Connection]:
    """Yield a connection for migrations while no other process can migrate.

    On PostgreSQL a statement waits at most 4 s for a lock and runs at most 5 s, so that a migration never blocks a busy
    portal for long; a revision that needs more uses ``SET LOCAL statement_timeout``.

    :raises ConfigurationError: when foreign keys would be broken.
    """
    engine = dedicated_engine(engines)
    try:
        with engine.begin() as connection:
            if engines.dialect == "sqlite":
                with _counting_kept(connection):
                    yield connection
                _check_references(connection)
            else:
                _lock_postgresql(connection)
                yield connection
    finally:
        engine.dispose()


def dedicated_engine(engines: Engines) -> Engine:
    """Return an engine without a pool.

    On SQLite it does not enforce foreign keys, and each transaction may write.
    """
    more = connection_parameters(engines.read.url) if engines.dialect == "postgresql" else {}
    engine = create_engine(engines.read.url, poolclass=NullPool, connect_args=more)
    if engines.dialect == "sqlite":
        _prepare_sqlite(engine)
    return engine


def _lock_postgresql(connection: Connection) -> None:
    connection.execute(text("SET LOCAL lock_timeout = '60s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    connection.execute(text("SET LOCAL lock_timeout = '4s'"))
    connection.execute(text("SET LOCAL statement_timeout = '5s'"))


def _prepare_sqlite(engine: Engine) -> None:
    # A batch alteration drops the old table: with foreign keys on, that would silently delete referencing rows by
    # cascade to it. The pragma does nothing inside a transaction, so it is set at connect.
    @event.listens_for(engine, "connect")
    def connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in ("foreign_keys=OFF", "busy_timeout=60000", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")
        write_ahead(connection)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def _counting_kept(connection: Connection) -> Iterator[None]:
    """Preserve the autoincrement sequences, or ids of deleted rows would be reused.

    A batch alteration copies a table without its sequence.
    """

    def count_on(table: Table, _connection: Connection, **_: object) -> None:
        if table.name.removeprefix(BATCH_COPY) in before:
            table.dialect_options["sqlite"]["autoincrement"] = True

    before = _sequences(connection)
    event.listen(Table, "before_create", count_on)
    try:
        yield
    finally:
        event.remove(Table, "before_create", count_on)
    after = _sequences(connection)
    for name in before.keys() & after.keys():
        connection.execute(
            text("UPDATE sqlite_sequence SET seq = :seq WHERE name = :name AND seq < :seq"),
            {"name": name, "seq": before[name]},
        )
    for name in before.keys() - after.keys():
        connection.execute(
            text(
                "INSERT INTO sqlite_sequence (name, seq) SELECT name, :seq FROM sqlite_master"
                " WHERE type = 'table' AND name = :name AND sql LIKE '%AUTOINCREMENT%'"
            ),
            {"name": name, "seq": before[name]},
        )


def _sequences(connection: Connection) -> dict[str, int]:
    exists = connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")).scalar()
    if not exists:
        return {}
    rows = connection.execute(text("SELECT name, seq FROM sqlite_sequence"))
    return {row.name: row.seq for row in rows}


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        tables = ", ".join(sorted({f"{row[0]} → {row[2]}" for row in broken}))
        raise ConfigurationError(
            f"the migration would leave {len(broken)} rows pointing nowhere ({tables}): nothing was changed"
        )
