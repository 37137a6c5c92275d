"""Dump, restore and scratch databases, with the tools of the databases themselves."""

import hashlib
import secrets
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import IO, TYPE_CHECKING

from sqlalchemy import Connection, column, func, inspect, literal_column, select, table, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError

from civicportal.core.db import make_engines
from civicportal.tools.backup.errors import BackupError
from civicportal.tools.backup.programs import Client, programs_of, server_version
from civicportal.util.folders import LEFT_BEHIND, working_folder
from civicportal.util.queries import Rows

if TYPE_CHECKING:
    from civicportal.core.db import Engines

SCRATCH = "civicportal_verify_"
"""Prefix of a scratch database; the second of its creation follows."""
Figure = tuple[int, str]
"""Number of rows and digest of the content of a table; equal contents have equal digests in whatever order."""
Figures = dict[str, Figure]

_BEGIN = """
BEGIN;
SET LOCAL lock_timeout = '10s';
SET LOCAL client_min_messages = warning;
DO $$ DECLARE thing text; BEGIN
  FOR thing IN SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace
    AND c.relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
  LOOP EXECUTE 'DROP TABLE IF EXISTS ' || thing || ' CASCADE'; END LOOP;
  FOR thing IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
  LOOP EXECUTE 'DROP ROUTINE IF EXISTS ' || thing || ' CASCADE'; END LOOP;
END $$;
"""
"""Drops all tables and functions except those of extensions, with a short lock timeout."""


def has_tables(engines: "Engines") -> bool:
    """Return whether the database contains anything."""
    return bool(inspect(engines.read).get_table_names())


def check_programs(engines: "Engines") -> int:
    """Return the major version of the PostgreSQL server.

    Its client programs must be installed; 0 on SQLite.

    :raises BackupError: when they are not installed.
    """
    if engines.dialect != "postgresql":
        return 0
    major = server_version(engines)
    programs_of(major)
    return major


def dump(engines: "Engines", target: Path) -> Figures:
    """Write a consistent snapshot under concurrent reads and writes.

    :returns: number of rows and digest of all tables in the snapshot.
    :raises BackupError: when the database or its client refuses.
    """
    if engines.dialect == "postgresql":
        return _dump_postgresql(engines, target)
    with _sqlite(file_of(engines)) as source, _sqlite(target) as copy:
        # All pages in one step: with several, each concurrent write would restart it.
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        return _figures_sqlite(copy)


def _dump_postgresql(engines: "Engines", target: Path) -> Figures:
    options = ("--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
    try:
        with engines.read.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            # The row counts and pg_dump use the same snapshot.
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
            Client("pg_dump", f"--snapshot={snapshot}", *options, engines=engines).end()
            return _figures_postgresql(connection)
    except DBAPIError as error:
        raise BackupError(f"the database refuses: {error.orig}") from error


def figures(engines: "Engines") -> Figures:
    """Return the number of rows and the digest of every table.

    :raises BackupError: when the database does not answer.
    """
    if engines.dialect == "sqlite":
        with _sqlite(file_of(engines)) as connection:
            return _figures_sqlite(connection)
    try:
        with engines.read.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            return _figures_postgresql(connection)
    except DBAPIError as error:
        raise BackupError(f"the database refuses: {error.orig}") from error


def _figures_postgresql(connection: Connection) -> Figures:
    connection.execute(text("SET LOCAL timezone = 'UTC'"))
    found = {}
    for name in sorted(inspect(connection).get_table_names()):
        rows = table(name).alias("content")
        # Hashes of the whole rows as text; their sum does not depend on the order.
        digest = func.sum(func.hashtextextended(text("content::text"), 0))
        count, total = connection.execute(select(func.count(), digest).select_from(rows)).one()
        found[name] = (int(count), str(total or 0))
    return found


def _figures_sqlite(connection: sqlite3.Connection) -> Figures:
    # Internal tables of SQLite and of its full-text search differ even after an exact copy.
    names = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        " AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    ).fetchall()
    found = {}
    for (name,) in names:
        every_column: Rows = select(literal_column("*")).select_from(table(name))
        found[name] = digest_of(connection.execute(str(every_column.compile(dialect=sqlite.dialect()))))
    return found


def digest_of(rows: Iterable[tuple[object, ...]]) -> Figure:
    """Return the number of rows and the sum of their hashes."""
    count = total = 0
    for row in rows:
        count += 1
        total += int.from_bytes(hashlib.blake2b(repr(row).encode(), digest_size=8).digest())
    return count, str(total)


def differences(expected: Mapping[str, Sequence[object]], found: Figures) -> Iterator[str]:
    """Yield one line for each table that differs."""
    for name in sorted(expected.keys() | found.keys()):
        there, here = tuple(expected.get(name, ())), found.get(name, ())
        if there == here:
            continue
        if there and here and there[0] == here[0]:
            yield f"the table {name} has other rows"
        else:
            yield f"the table {name} has {_rows(here)}, not {_rows(there)}"


def _rows(figure: tuple[object, ...]) -> str:
    return f"{figure[0]} rows" if figure else "no table"


def load(engines: "Engines", source: IO[bytes]) -> None:
    """Replace the database by a snapshot, in one transaction.

    :raises BackupError: when the database or its client refuses; nothing is changed then.
    """
    engines.dispose()
    if engines.dialect == "postgresql":
        _load_postgresql(engines, source)
    else:
        _load_sqlite(file_of(engines), source)


def clear(engines: "Engines") -> None:
    """Drop everything in the database.

    :raises BackupError: when it refuses.
    """
    engines.dispose()
    if engines.dialect == "postgresql":
        psql = Client("psql", *_QUIET, engines=engines, stdin=subprocess.PIPE)
        with suppress(BrokenPipeError):
            psql.stdin.write(f"{_BEGIN}\nCOMMIT;\n".encode())
        psql.end()
        return
    with sqlite3.connect(":memory:") as nothing, _sqlite(file_of(engines)) as target:
        nothing.backup(target)


def _load_sqlite(path: Path, source: IO[bytes]) -> None:
    with working_folder("backup", path.parent) as folder:
        unpacked = Path(folder) / "database"
        with unpacked.open("wb") as file:
            shutil.copyfileobj(source, file)
        with _sqlite(unpacked) as copy, _sqlite(path) as target:
            copy.backup(target)


_QUIET = ("--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1", "--file=-")


def _load_postgresql(engines: "Engines", source: IO[bytes]) -> None:
    psql = Client("psql", *_QUIET, engines=engines, stdin=subprocess.PIPE)
    options = ("--no-owner", "--no-privileges", "--no-comments", "--file=-")
    pg_restore = Client(
        "pg_restore", *options, engines=engines, connects=False, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    feeder = Thread(target=_feed, args=(source, pg_restore.stdin))
    feeder.start()
    try:
        # If the database refuses, the output of psql below says why.
        with suppress(BrokenPipeError):
            psql.stdin.write(_BEGIN.encode())
            shutil.copyfileobj(pg_restore.stdout, psql.stdin)
            feeder.join()
            pg_restore.end()
            # Commit only now: an earlier interruption, also of this process, changes nothing.
            psql.stdin.write(b"\nCOMMIT;\n")
    finally:
        # Otherwise the feeding thread, and this process, would wait for a program whose output is not read.
        pg_restore.kill()
        feeder.join()
        psql.end()


def _feed(source: IO[bytes], target: IO[bytes]) -> None:
    # The reader may have ended early.
    with suppress(BrokenPipeError), target:
        shutil.copyfileobj(source, target)


@contextmanager
def scratch(engines: "Engines", folder: Path, url: str = "") -> Iterator["Engines"]:
    """Yield an empty database of the same kind, and delete it afterwards.

    :param folder: for SQLite's file.
    :param url: of an empty database reserved for this; if None, one is created on the portal's server.
    :raises BackupError: when the role may not create one, or the given one is not empty.
    """
    if engines.dialect == "sqlite":
        with closing_engines(f"sqlite:///{folder / 'scratch.db'}") as here:
            yield here
        return
    if url:
        with closing_engines(url) as here:
            if has_tables(here):
                raise BackupError("backup.scratch_database_url: this database has tables; name an empty one")
            try:
                yield here
            finally:
                clear(here)
        return
    _drop_left_behind(engines)
    name = f"{SCRATCH}{int(time.time())}_{secrets.token_hex(6)}"
    template = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
    try:
        _run(engines, f"CREATE DATABASE {name} {template}")
    except DBAPIError as error:
        raise BackupError(
            f"verifying needs a scratch database, and the server refuses one ({str(error.orig).strip()}): ALTER ROLE"
            " … CREATEDB, or name an empty database in backup.scratch_database_url"
        ) from error
    try:
        with closing_engines(
            engines.read.url.set(database=name).render_as_string(hide_password=False)
        ) as here:
            yield here
    finally:
        _run(engines, f"DROP DATABASE IF EXISTS {name}")


def _drop_left_behind(engines: "Engines") -> None:
    """Drop the scratch databases of processes that were killed."""
    names = text(
        "SELECT datname FROM pg_database WHERE starts_with(datname, :begin)"
        " AND pg_get_userbyid(datdba) = current_user"
    )
    with engines.read.connect() as connection:
        found = connection.execute(names, {"begin": SCRATCH}).scalars().all()
    before = time.time() - LEFT_BEHIND.total_seconds()
    for name in found:
        since = name.removeprefix(SCRATCH).partition("_")[0]
        if since.isdecimal() and int(since) < before:
            # Of two concurrent processes, one may drop the other's candidate; one that is in use stays until the next
            # run.
            with suppress(DBAPIError):
                _run(engines, f"DROP DATABASE IF EXISTS {name}")


@contextmanager
def closing_engines(url: str) -> Iterator["Engines"]:
    """Yield engines of a database and close their connections."""
    engines = make_engines(url, statement_timeout=0)
    try:
        yield engines
    finally:
        engines.dispose()


def _run(engines: "Engines", statement: str) -> None:
    with engines.read.connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.exec_driver_sql(statement)
        connection.invalidate()


def attachments(engines: "Engines") -> Generator[tuple[str, str]]:
    """Yield key and digest of every picture that a restored database references."""
    found = table("attachments", column("key"), column("sha256"))
    query = select(found.c.key, found.c.sha256).execution_options(yield_per=1000)
    with engines.steady.connect() as connection, connection.execute(query) as rows:
        for row in rows:
            yield row.key, row.sha256


def file_of(engines: "Engines") -> Path:
    """Return the file of an SQLite database."""
    return Path(str(engines.read.url.database))


@contextmanager
def _sqlite(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=10)) as connection:
        try:
            yield connection
        except sqlite3.Error as error:
            raise BackupError(f"{path}: {error}") from error
