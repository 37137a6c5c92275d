"""A snapshot of the database as one file, and its way back: by the databases' own means."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import inspect

from civicportal.backup.errors import BackupError
from civicportal.database_servers import connection_parameters

if TYPE_CHECKING:
    from civicportal.db import Engines

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
"""Takes away all tables and functions but those of extensions; whoever still works on them is not waited for long."""


def has_tables(engines: "Engines") -> bool:
    """Tell whether anything lies in the database."""
    return bool(inspect(engines.read).get_table_names())


def dump(engines: "Engines", target: Path) -> None:
    """Write a consistent snapshot while others read and write.

    :raises BackupError: when the database or its client refuses.
    """
    if engines.dialect == "postgresql":
        options = ("--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
        _Client("pg_dump", *options, engines=engines).end()
        return
    with _sqlite(_path(engines)) as source, _sqlite(target) as copy:
        # All pages in one step: with several, each write of another would begin it anew.
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")


def load(engines: "Engines", source: IO[bytes]) -> None:
    """Replace everything in the database by a snapshot, in one transaction: all of it or nothing.

    :raises BackupError: when the database or its client refuses; it is as it was then.
    """
    engines.dispose()
    if engines.dialect == "postgresql":
        _load_postgresql(engines, source)
    else:
        _load_sqlite(_path(engines), source)


def _load_sqlite(path: Path, source: IO[bytes]) -> None:
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=path.parent) as folder:
        unpacked = Path(folder) / "database"
        with unpacked.open("wb") as file:
            shutil.copyfileobj(source, file)
        with _sqlite(unpacked) as copy, _sqlite(path) as target:
            copy.backup(target)


def _load_postgresql(engines: "Engines", source: IO[bytes]) -> None:
    quiet = ("--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1", "--file=-")
    psql = _Client("psql", *quiet, engines=engines, stdin=subprocess.PIPE)
    options = ("--no-owner", "--no-privileges", "--no-comments", "--file=-")
    pg_restore = _Client("pg_restore", *options, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    feeder = Thread(target=_feed, args=(source, pg_restore.stdin))
    feeder.start()
    try:
        psql.stdin.write(_BEGIN.encode())
        shutil.copyfileobj(pg_restore.stdout, psql.stdin)
        feeder.join()
        pg_restore.end()
        # Only now: whatever breaks off before, this process too, changes nothing.
        psql.stdin.write(b"\nCOMMIT;\n")
    except BrokenPipeError:
        # The database has refused, and says below why.
        pg_restore.kill()
        feeder.join()
    finally:
        psql.end()


def _feed(source: IO[bytes], target: IO[bytes]) -> None:
    # Who reads may have ended before the end.
    with suppress(BrokenPipeError), target:
        shutil.copyfileobj(source, target)


class _Client:
    """A program of PostgreSQL's client.

    :param engines: whose database it opens; the password goes through the environment, where others do not see it.
    :raises BackupError: when it is not installed.
    """

    def __init__(self, name: str, *options: str, engines: "Engines | None" = None, **pipes: Any) -> None:
        self.name = name
        arguments, environment = [_find(name), *options], {**os.environ, "LC_ALL": "C.UTF-8"}
        if engines:
            from psycopg.conninfo import make_conninfo

            place = connection_parameters(engines.read.url)
            if "password" in place:
                environment["PGPASSWORD"] = place.pop("password")
            arguments.append(f"--dbname={make_conninfo(**place)}")
        self._complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115 - end() and kill() close it
        self._process = subprocess.Popen(  # noqa: S603 - a program we found, no shell, options of ours
            arguments, env=environment, stderr=self._complaints, **pipes
        )
        self.stdin: Any = self._process.stdin
        self.stdout: Any = self._process.stdout

    def end(self) -> None:
        """Let it come to its end.

        :raises BackupError: when it complains.
        """
        with self._complaints:
            self._close()
            if self._process.wait():
                self._complaints.seek(0)
                raise BackupError(f"{self.name}: {self._complaints.read(2000).strip()}")

    def kill(self) -> None:
        """Stop it: what it says does not matter any more."""
        self._process.kill()
        with self._complaints:
            self._close()
            self._process.wait()

    def _close(self) -> None:
        for pipe in (self.stdin, self.stdout):
            with suppress(BrokenPipeError):
                if pipe:
                    pipe.close()


def _find(program: str) -> str:
    """Return the newest version of a program: an older one refuses a newer server."""
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    for folder in sorted(folders, key=lambda folder: float(folder.parts[4]), reverse=True):
        if (folder / program).exists():
            return str(folder / program)
    found = shutil.which(program)
    if found is None:
        raise BackupError(
            f"{program} is not installed; it comes with PostgreSQL's client (Debian: apt-get install postgresql-client)"
        )
    return found


def _path(engines: "Engines") -> Path:
    return Path(str(engines.read.url.database))


@contextmanager
def _sqlite(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=10)) as connection:
        try:
            yield connection
        except sqlite3.Error as error:
            raise BackupError(f"{path}: {error}") from error
