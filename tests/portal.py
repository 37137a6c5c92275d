"""A real portal as its own process: the example site, its database, its server on loopback."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from sqlalchemy import update

from civicportal import migrate
from civicportal.crypto import token_hash
from civicportal.demo import runner
from civicportal.demo.clock import DemoClock
from civicportal.notifications.models import OutboxMessage
from civicportal.seeds import SeedService
from civicportal.site import Site, find_site

SECRET = "0123456789abcdef" * 4
#: Seconds within which a server must answer after its start, and end when it is asked to.
READY = 30
#: Limits that a machine reaches sooner than a person.
LIFTED = (
    "submit_citizen",
    "submit_address",
    "upload_owner",
    "upload_address",
    "otp_send_number",
    "otp_send_known",
    "otp_send_address",
    "password_address",
    "track_address",
)


def free_port() -> int:
    """Return a port of loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_site(folder: Path, database_url: str) -> Path:
    """Write the example site with another database, no quiet hours, and limits that no machine reaches."""
    source = find_site()
    text = source.read_text(encoding="utf-8")
    text = text.replace('data = "data"', f'data = "{source.parent / "data"}"')
    text = text.replace('geojson = "static/', f'geojson = "{source.parent}/static/')
    text = text.replace(
        '{ env = "SHAHREMAN_DATABASE_URL", default = "sqlite:///var/shahreman.db" }', f'"{database_url}"'
    )
    text = text.replace('{ env = "SHAHREMAN_FILES", default = "var/files" }', f'"{folder / "files"}"')
    text = text.replace('quiet_hours = "22:00-08:00"', 'quiet_hours = "00:00-00:00"')
    lifted = "\n".join(f"{name} = [[1000000, 3600]]" for name in LIFTED)
    path = folder / "site.toml"
    path.write_text(f"{text}\n[limits]\n{lifted}\n", encoding="utf-8")
    return path


class Portal:
    """The example site in a folder of its own, served by a process that may be killed.

    :param database_url: an empty database.
    :param people: fill it with the people and cases of the demo, not with the seeds alone.
    """

    #: The interpreter that runs the server.
    python = sys.executable

    def __init__(self, folder: Path, database_url: str, *, people: bool = False) -> None:
        self.path = write_site(folder, database_url)
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "CIVICPORTAL_MODE": "demo",
            "SHAHREMAN_SECRET": SECRET,
            "SHAHREMAN_PII_KEYS": SECRET,
        }
        self.log = folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.site = Site(self.path, mode="demo", environ=self.environment, clock=DemoClock())
        migrate.upgrade(self.site)
        if people:
            runner.load(self.site, lambda part, done, total: None)
        else:
            with self.site.work() as work:
                work.get(SeedService).load()

    def start(self, *, worker: bool = False) -> None:
        """Start the server and wait until it answers.

        :param worker: with the process that brings messages out.
        """
        command = [self.python, "-m", "civicportal", "--site", str(self.path), "serve"]
        command += ["--host", "127.0.0.1", "--port", str(self.port), *([] if worker else ["--no-worker"])]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=self.environment,
                stdout=log,
                stderr=log,
                cwd=self.path.parent,
                start_new_session=True,
            )
        ends = time.monotonic() + READY
        while time.monotonic() < ends:
            with contextlib.suppress(URLError, ConnectionError, TimeoutError):
                urlopen(f"{self.address}/healthz", timeout=2).close()
                return
            if self.process.poll() is not None:
                break
        raise AssertionError(f"the server does not answer:\n{self.log.read_text()[-3000:]}")

    def stop(self) -> None:
        """Let the server and its worker end in order."""
        if self.process is None:
            return
        self.process.terminate()
        self.process.wait(READY)
        self.process = None

    def kill(self) -> None:
        """Kill the server and all it started, without a chance to tidy up."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

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


@contextlib.contextmanager
def running(folder: Path, database_url: str, *, people: bool = False) -> Iterator[Portal]:
    """Yield a portal that is not started yet; kill it in the end."""
    portal = Portal(folder, database_url, people=people)
    try:
        yield portal
    finally:
        portal.kill()
        portal.site.engines.dispose()
