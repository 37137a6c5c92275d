"""A real portal as its own process: the example site, its database, its server on loopback."""

import contextlib
import fcntl
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from sqlalchemy import update

from civicportal.core.crypto import token_hash
from civicportal.core.installed import find_site
from civicportal.core.site import Site
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.portal import upgrade as migrate
from civicportal.portal.demo import runner
from civicportal.portal.demo.clock import DemoClock
from civicportal.portal.seeds.services import SeedService

DATABASE = "portal.db"
"""Name of the SQLite file of a portal that is copied."""
SECRET = "0123456789abcdef" * 4
#: Seconds within which a server must answer after its start, and end when it is asked to.
READY = 60
#: Limits that a machine reaches sooner than a person.
LIFTED = (
    "submit_citizen",
    "submit_address",
    "submit_known",
    "submit_same",
    "upload_owner",
    "upload_address",
    "upload_known",
    "otp_send_number",
    "otp_send_known",
    "otp_send_address",
    "password_address",
    "track_address",
    "track_known",
    "api_token",
    "note_citizen",
    "api_address",
)


def _ports() -> Iterator[int]:
    """Yield ports again and again, of each process of the tests its own.

    They are below the ephemeral ports: no other process is given one between the check and its use.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    span = range(20_000 + worker % 10 * 1000, 21_000 + worker % 10 * 1000)
    # Two runs on one machine hardly begin at the same.
    begin = os.getpid() % len(span)
    return itertools.cycle((*span[begin:], *span[:begin]))


_PORTS = _ports()


def free_port() -> int:
    """Return an unused loopback port; not the same again for long."""
    while True:
        port = next(_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def write_site(folder: Path, database_url: str, tables: str = "", sms_url: str = "") -> Path:
    """Write the example site with another database, no quiet hours, and limits that no machine reaches.

    :param tables: more of it, in TOML.
    :param sms_url: address of the provider of messages.
    """
    source = find_site()
    text = source.read_text(encoding="utf-8")
    text = text.replace('data = "data"', f'data = "{source.parent / "data"}"')
    text = text.replace('geojson = "static/', f'geojson = "{source.parent}/static/')
    text = text.replace(
        '{ env = "SHAHREMAN_DATABASE_URL", default = "sqlite:///var/shahreman.db" }', f'"{database_url}"'
    )
    text = text.replace('{ env = "SHAHREMAN_FILES", default = "var/files" }', f'"{folder / "files"}"')
    text = text.replace('quiet_hours = "22:00-08:00"', 'quiet_hours = "00:00-00:00"')
    text = text.replace("per_minute = 120", "per_minute = 6000")
    if sms_url:
        text = text.replace("[plugins.sms_ir]\n", f'[plugins.sms_ir]\nbase_url = "{sms_url}"\n')
    lifted = "\n".join(f"{name} = [[1000000, 3600]]" for name in LIFTED)
    path = folder / "site.toml"
    path.write_text(f"{text}\n[limits]\n{lifted}\n{tables}", encoding="utf-8")
    return path


#: Begins a command as a service manager does that keeps its listening socket, sd_listen_fds(3).
HAND_ON = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


class Process:
    """A command of the portal as a process of its own, which may be killed.

    :param log: file for what it says.
    :param address: where it answers when it is ready; empty for a process that serves nothing.
    :ivar listening: a socket that it is handed on, as by a service manager.
    """

    def __init__(
        self, command: list[str], environment: Mapping[str, str], log: Path, address: str = ""
    ) -> None:
        self.address = address
        self.listening: socket.socket | None = None
        self._command, self._environment, self._log = command, environment, log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Return the process's id while it runs."""
        assert self._process
        return self._process.pid

    def launch(self) -> None:
        """Start it."""
        command, inherited_socket = self._command, ()
        if self.listening:
            inherited_socket = (self.listening.fileno(),)
            command = [sys.executable, "-c", HAND_ON, str(inherited_socket[0]), *command]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                pass_fds=inherited_socket,
                env=dict(self._environment),
                stdout=log,
                stderr=log,
                cwd=self._log.parent,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Wait until it answers."""
        ends = time.monotonic() + READY
        while time.monotonic() < ends and self._process and self._process.poll() is None:
            with contextlib.suppress(URLError, ConnectionError, TimeoutError):
                urlopen(f"{self.address}/healthz", timeout=2).close()
                return
            time.sleep(0.02)
        raise AssertionError(f"the server does not answer:\n{self._log.read_text()[-3000:]}")

    def stop(self) -> None:
        """Let it end in order."""
        if self._process is None:
            return
        self._process.terminate()
        self._process.wait(READY)
        self._process = None

    def kill(self) -> None:
        """Kill it and all it started, without a chance to tidy up."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None


class Portal:
    """The example site in a folder of its own, served by a process that may be killed.

    :param database_url: an empty database.
    :param people: fill it with the people and cases of the demo, not with the seeds alone.
    :param copied: folder of a stopped portal whose SQLite database and files this one begins with, instead of making
        its own.
    :param tables: more of the site's file, in TOML.
    :param sms_url: address of the provider of messages; a demo brings its own.
    :param make_tables: migrates the database; ``civic_session.databases.migrate`` does so once a run.
    :param environment: more of it.
    """

    #: The interpreter that runs the server.
    python = sys.executable

    def __init__(
        self,
        folder: Path,
        database_url: str,
        *,
        people: bool = False,
        copied: Path | None = None,
        mode: str = "demo",
        tables: str = "",
        sms_url: str = "",
        make_tables: Callable[[Site], None] = migrate.upgrade,
        **environment: str,
    ) -> None:
        self.path = write_site(folder, database_url, tables, sms_url)
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "CIVICPORTAL_MODE": mode,
            "SHAHREMAN_SECRET": SECRET,
            "SHAHREMAN_PII_KEYS": SECRET,
            **environment,
        }
        self.log = folder / "server.log"
        self.process: Process | None = None
        clock = DemoClock() if mode == "demo" else None
        self.site = Site(self.path, mode=mode, environ=self.environment, clock=clock)
        if copied:
            shutil.copyfile(copied / DATABASE, str(self.site.engines.read.url.database))
            shutil.copytree(copied / "files", folder / "files", dirs_exist_ok=True)
            return
        make_tables(self.site)
        if people:
            runner.load(self.site, lambda part, done, total: None)
        else:
            with self.site.work() as work:
                work.get(SeedService).load()

    def prepare(self, *arguments: str, log: Path, address: str = "") -> Process:
        """Return a command of this portal as a process that is not started yet."""
        whole = [self.python, "-m", "civicportal", "--site", str(self.path), *arguments]
        return Process(whole, self.environment, log, address)

    def server(self, port: int, log: Path, *, worker: bool = False) -> Process:
        """Return a server of this portal that is not started yet.

        :param worker: with the process that brings messages out.
        """
        address = f"http://127.0.0.1:{port}"
        more = [] if worker else ["--no-worker"]
        return self.prepare(
            "serve", "--host", "127.0.0.1", "--port", str(port), *more, log=log, address=address
        )

    def start(self, *, worker: bool = False) -> None:
        """Start the server and wait until it answers."""
        self.process = self.server(self.port, self.log, worker=worker)
        self.process.launch()
        self.process.wait()

    def stop(self) -> None:
        """Let the server and its worker end in order."""
        if self.process:
            self.process.stop()

    def kill(self) -> None:
        """Kill the server and all it started, without a chance to tidy up."""
        if self.process:
            self.process.kill()

    def release_notices(self) -> None:
        """Let the time pass in which a step may be undone: its notices go out at once."""
        with self.site.work() as work:
            waiting = OutboxMessage.state == "new"
            work.session.execute(
                update(OutboxMessage).where(waiting).values(next_at=work.clock.now()),
                execution_options={"synchronize_session": False},
            )

    def csrf(self, token: str) -> str:
        """Return the token that the forms of a session carry."""
        return self.site.keys.mac("csrf", token).hex()

    def owner(self, token: str) -> str:
        """Return whose uploads those of a session are."""
        return token_hash(token)


def loaded_demo(shared: Path) -> Path:
    """Return the folder of a demo with its people and cases, made once by all workers of a run.

    :param shared: a folder of all of them.
    """
    folder = shared / "demo"
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            making = shared / "demo.part"
            making.mkdir()
            # Closing the last connection writes the log into the file.
            Portal(making, f"sqlite:///{making / DATABASE}", people=True).site.engines.dispose()
            making.rename(folder)
    return folder


@contextlib.contextmanager
def running(folder: Path, database_url: str, **options: Any) -> Iterator[Portal]:
    """Yield a :class:`Portal` that is not started yet; kill it in the end."""
    portal = Portal(folder, database_url, **options)
    try:
        yield portal
    finally:
        portal.kill()
        portal.site.engines.dispose()
