"""PostgreSQL as two machines have it: servers on ports of loopback, one a synchronous standby of the other."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from portal import free_port
from senders import wait_until
from sqlalchemy import make_url

from civicportal.testing.postgres import PostgresMissing, TemporaryCluster

Made = TypeVar("Made")


def or_skip(make: Callable[[], Made]) -> Made:
    """Return what needs a PostgreSQL of its own; the test is skipped where none is installed."""
    try:
        return make()
    except PostgresMissing as missing:
        pytest.skip(str(missing))


class Server(TemporaryCluster):
    """A server in a folder of its own that others can replicate, kill, rewind and promote.

    :param name: by which its primary knows it as a standby.
    :param primary: it begins as a standby of this one, and as the one whose word its commits wait for.
    :param file: lines for its postgresql.conf, as pg_rewind reads it too.
    :param settings: of the server.
    """

    def __init__(
        self, name: str, primary: "Server | None" = None, *, file: str = "", **settings: str
    ) -> None:
        self.name, self.port, self._primary, self._file = name, free_port(), primary, file
        super().__init__(
            # What is killed here is a process, not the machine with its memory.
            synchronous_commit="on",
            listen_addresses="127.0.0.1",
            port=str(self.port),
            cluster_name=name,
            full_page_writes="on",
            **settings,
        )
        if primary:
            self._be_waited_for(primary)

    def _make_data(self, *more: str) -> None:
        if self._primary:
            self._copy(self._primary)
            return
        # pg_rewind asks for checksums.
        super()._make_data("--data-checksums", *more)
        # pg_rewind starts the server by itself to tidy up, and needs the log since the last common point.
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(f"wal_keep_size = 256MB\n{self._file}\n")

    @property
    def data(self) -> Path:
        """Return the folder of the data."""
        return Path(self._data)

    @property
    def conninfo(self) -> str:
        """Return the address for libpq."""
        return f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement and return what it says."""
        words = (
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-U",
            "postgres",
            "-d",
            database,
            "-XAtqc",
            statement,
        )
        command = [self.program("psql"), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd="/").stdout.strip()

    def kill(self) -> None:
        """Kill the server and every process of it, as a power cut does."""
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for process in (postmaster, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        wait_until(lambda: not any(_lives(process) for process in (postmaster, *map(int, children))))
        self._runs = False

    def promote(self) -> None:
        """Make a primary of this standby: it waits for no standby of its own."""
        self.waits_for("")
        self._run("pg_ctl", "-D", self._data, "-w", "promote")

    def waits_for(self, standby: str) -> None:
        """Let every commit wait until this standby has it on its disk; for none if it is empty."""
        self.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'")
        self.sql("SELECT pg_reload_conf()")

    def follow(self, primary: "Server", *, rewind: bool = False) -> None:
        """Become a standby of a primary, and the one whose word its commits wait for.

        :param rewind: keep what is here and throw away only what the primary does not know; else copy everything.
        """
        if self._runs:
            self.break_off()
        if rewind:
            # Before its first checkpoint a promoted server says that it is on the timeline of the old one.
            primary.sql("CHECKPOINT")
            self._run(
                "pg_rewind", "-D", self._data, f"--source-server={primary.conninfo}", "--write-recovery-conf"
            )
        else:
            shutil.rmtree(self.data)
            self._copy(primary)
        self.start()
        self._be_waited_for(primary)

    def _copy(self, primary: "Server") -> None:
        self._run(
            "pg_basebackup", "-D", self._data, "-d", primary.conninfo, "-R", "-X", "stream", "-c", "fast"
        )

    def _be_waited_for(self, primary: "Server") -> None:
        primary.waits_for(self.name)
        state = f"SELECT sync_state FROM pg_stat_replication WHERE application_name = '{self.name}'"
        wait_until(lambda: primary.sql(state) == "sync")

    def program(self, name: str) -> str:
        """Return the path of a program of this version."""
        return str(self._programs / name)

    def run(self, program: str, *arguments: str) -> None:
        """Run a program of PostgreSQL as the user of the server."""
        self._run(program, *arguments)

    def create_database(self, name: str = "portal") -> str:  # type: ignore[override]  # the base takes the character type
        """Make an empty database; return its address."""
        template = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
        self.sql(f"CREATE DATABASE {name} {template}")
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    def own(self, folder: Path) -> Path:
        """Make a folder that belongs to the user of the server."""
        folder.mkdir()
        if self._as_user:
            shutil.chown(folder, self._as_user["user"], self._as_user["group"])
        return folder


def _lives(process: int) -> bool:
    # Not before init has buried it: PostgreSQL takes a zombie for a server that runs.
    return Path(f"/proc/{process}").exists()


class Pair:
    """Two servers, the second a synchronous standby of the first.

    :ivar primary: the one that takes writes.
    :ivar standby: the other one.
    """

    def __init__(self) -> None:
        self.primary = Server("one")
        try:
            self.standby = Server("two", self.primary)
        except BaseException:
            self.stop()
            raise

    def create_database(self) -> str:
        """Make an empty database; return its address, which names both servers."""
        name = make_url(self.primary.create_database()).database
        hosts = "&".join(f"host=127.0.0.1:{server.port}" for server in (self.primary, self.standby))
        return f"postgresql+psycopg://postgres@/{name}?{hosts}"

    def fail_over(self) -> None:
        """Kill the primary and let the standby take its place."""
        self.primary.kill()
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary

    def stop(self) -> None:
        """Stop both and throw their files away."""
        self.primary.stop()
        if hasattr(self, "standby"):
            self.standby.stop()
