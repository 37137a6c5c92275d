"""A temporary PostgreSQL cluster for a test run."""

import os
import pwd
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from civicportal.util.values import Values

MEMORY = Path("/dev/shm")  # noqa: S108 - the cluster makes a folder of its own there
"""A tmpfs, on which the thousand files of a new database are created ten times faster."""
ROOM = 6 * 2**30
"""Required free bytes, for several clusters of some hundred databases."""

PROGRAMS = ("initdb", "pg_ctl", "postgres", "psql", "pg_dump", "pg_restore")
"""All of one version, of several installed ones."""


class PostgresMissing(Exception):
    """PostgreSQL is not installed; the message says what to install."""


class TemporaryCluster:
    """A server on a private Unix socket, without syncing to disk.

    :param durable: store it on disk, so that committed data survives :meth:`break_off`; slower.
    :param settings: further settings of the server, or overrides.
    :raises PostgresMissing: when the programs are not installed.
    """

    def __init__(self, *, durable: bool = False, **settings: str) -> None:
        self._programs = _find_programs()
        self._as_user = _owner()
        place = None if durable else memory_with_room()
        self.folder = Path(tempfile.mkdtemp(prefix="civicportal-pg-", dir=place))
        if self._as_user:
            shutil.chown(self.folder, self._as_user["user"], self._as_user["group"])
        self._make_data()
        commit = "on" if durable else "off"
        self._options = f"-k {self.folder} -c listen_addresses='' -c fsync=off -c synchronous_commit={commit}"
        self._options += " -c full_page_writes=off -c max_connections=100 -c shared_buffers=32MB"
        self._options += " -c max_wal_size=128MB"  # no recovery is needed
        self._options += " -c autovacuum=off"  # query plans must not depend on the timing of autovacuum
        self._options += "".join(f" -c {name}={value}" for name, value in settings.items())
        self._made = 0
        self.start()

    def _make_data(self, *more: str) -> None:
        words = ("-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", *more)
        try:
            self._run("initdb", *words)
        except RuntimeError:
            shutil.rmtree(self.folder)
            raise

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def create_database(self, ctype: str = "C.UTF-8") -> str:
        """Create an empty database.

        :param ctype: its ``LC_CTYPE``.
        :returns: its URL for SQLAlchemy.
        """
        self._made += 1
        name = f"test{self._made}"
        sql = f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE '{ctype}'"
        self._execute(sql)
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def copy_database(self, source: str, target: str) -> None:
        """Overwrite a database with a copy of another.

        Neither may have connections.

        :param source: name of the original.
        :param target: name of the copy.
        """
        drop, copy = f"DROP DATABASE {target}", f"CREATE DATABASE {target} TEMPLATE {source}"
        self._execute(drop, copy)

    def start(self) -> None:
        """Start the server, also after :meth:`break_off`; return when it answers."""
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", self._data, "-w", "-l", log, "-o", self._options, "start")
        self._runs = True

    def break_off(self) -> None:
        """Stop the server like a crash.

        Connections are cut, nothing is cleaned up.
        """
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")
        self._runs = False

    def stop(self) -> None:
        """Stop the server and delete its files."""
        if self._runs:
            self.break_off()
        shutil.rmtree(self.folder)

    def _execute(self, *statements: str) -> None:
        orders = [word for statement in statements for word in ("-c", statement)]
        self._run("psql", "-h", str(self.folder), "-U", "postgres", "-d", "postgres", "-q", *orders)

    def _run(self, program: str, *arguments: str) -> None:
        # A server keeps a captured pipe open, so its output goes to a file.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [str(self._programs / program), *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                check=False,
                **self._as_user,
            )
            if done.returncode:
                output.seek(0)
                raise RuntimeError(f"{program} failed: {output.read()}")


@cache
def is_installed() -> bool:
    """Tell whether a :class:`TemporaryCluster` can be started here."""
    try:
        _find_programs()
        _owner()
    except PostgresMissing:
        return False
    return True


def memory_with_room() -> Path | None:
    """Return a folder in memory for a cluster, if possible."""
    is_usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM
    return MEMORY if is_usable else None


def _find_programs() -> Path:
    """Return a folder with server and client programs of one PostgreSQL version.

    It is that of ``initdb`` in PATH if complete, else the newest.
    """
    first = shutil.which("initdb")
    found = [Path(first).resolve().parent] if first else []
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    found += sorted(folders, key=lambda folder: float(folder.parts[4]), reverse=True)
    for folder in found:
        if all((folder / program).exists() for program in PROGRAMS):
            return folder
    raise PostgresMissing("PostgreSQL is not installed (Debian: apt-get install postgresql)")


def _owner() -> Values:
    """Return the user to run as.

    PostgreSQL refuses to run as root.
    """
    if os.geteuid() != 0:
        return {}
    try:
        group = pwd.getpwnam("postgres").pw_gid
    except KeyError:
        raise PostgresMissing("there is no user postgres to run PostgreSQL as") from None
    return {"user": "postgres", "group": group, "extra_groups": []}
