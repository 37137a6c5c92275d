"""The PostgreSQL client programs of the server's major version."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import text

from civicportal.core.db.servers import connection_parameters
from civicportal.tools.backup.errors import BackupError

if TYPE_CHECKING:
    from civicportal.core.db import Engines

NEEDED = ("pg_dump", "pg_restore", "psql")
FOLDERS = ("/usr/lib/postgresql/{}/bin", "/usr/pgsql-{}/bin", "/usr/libexec/postgresql{}")
"""Folders of Debian, Red Hat and Alpine for the programs of each major version."""


def server_version(engines: "Engines") -> int:
    """Return the major version of the PostgreSQL server."""
    with engines.read.connect() as connection:
        number = connection.execute(text("SHOW server_version_num")).scalar_one()
    return int(number) // 10_000


def programs_of(major: int) -> dict[str, str]:
    """Return the client programs of a major version by name.

    An older ``pg_dump`` refuses a newer server, and an older server may refuse to restore what a newer one writes,
    so only the programs of the server's version are used.

    :raises BackupError: when one is missing; the message names the installed versions and the package.
    """
    found = {name: path for name in NEEDED if (path := _find(name, major))}
    missing = [name for name in NEEDED if name not in found]
    if missing:
        others = sorted({version for path in _candidates(missing[0], None) if (version := _version(path))})
        here = f"here are those of {', '.join(map(str, others))}" if others else "none are here"
        raise BackupError(
            f"the server is PostgreSQL {major}, and its programs are needed ({', '.join(missing)}; {here}):"
            f" apt-get install postgresql-client-{major}"
        )
    return found


def _find(name: str, major: int) -> str | None:
    return next((path for path in _candidates(name, major) if _version(path) == major), None)


def _candidates(name: str, major: int | None) -> Iterator[str]:
    for pattern in FOLDERS:
        folder = Path(pattern.format(major or "*"))
        yield from map(str, sorted(Path("/").glob(str(folder / name).lstrip("/"))))
    if found := shutil.which(name):
        yield found


@cache
def _version(path: str) -> int | None:
    """Return the major version that a program reports."""
    with suppress(OSError):
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
        if number := re.search(r"\) (\d+)", said.stdout):
            return int(number[1])
    return None


class Client:
    """A running program of PostgreSQL's client.

    :param engines: server and database to connect to; the password is passed in the environment, where
        other users cannot see it.
    :param connects: False for a program that only converts a file.
    :raises BackupError: when it is not installed.
    """

    def __init__(
        self,
        name: str,
        *options: str,
        engines: "Engines",
        connects: bool = True,
        stdin: int | IO[bytes] | None = None,
        stdout: int | IO[bytes] | None = None,
    ) -> None:
        self.name = name
        arguments = [programs_of(server_version(engines))[name], *options]
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        if connects:
            from psycopg.conninfo import make_conninfo

            place = connection_parameters(engines.read.url)
            if "password" in place:
                environment["PGPASSWORD"] = place.pop("password")
            arguments.append(f"--dbname={make_conninfo(**place)}")
        with ExitStack() as files:
            self._complaints = files.enter_context(tempfile.TemporaryFile("w+"))
            self._process = subprocess.Popen(
                arguments, env=environment, stderr=self._complaints, stdin=stdin, stdout=stdout
            )
            self._files = files.pop_all()
        self.stdin: Any = self._process.stdin
        self.stdout: Any = self._process.stdout

    def end(self) -> None:
        """Wait for the program to end.

        It is stopped if this process is terminated.

        :raises BackupError: when it fails.
        """
        try:
            self._close()
            if self._process.wait():
                self._complaints.seek(0)
                raise BackupError(f"{self.name}: {self._complaints.read(2000).strip()}")
        finally:
            self.kill()

    def kill(self) -> None:
        """Kill the program if it still runs; its output no longer matters."""
        self._process.kill()
        self._close()
        self._process.wait()
        self._files.close()

    def _close(self) -> None:
        for pipe in (self.stdin, self.stdout):
            with suppress(BrokenPipeError):
                if pipe:
                    pipe.close()
