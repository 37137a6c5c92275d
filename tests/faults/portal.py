"""A real portal as its own process, to be killed: the example site, its database, its server on loopback."""

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

from civicportal import migrate
from civicportal.crypto import token_hash
from civicportal.seeds import SeedService
from civicportal.site import Site, find_site

SECRET = "0123456789abcdef" * 4
#: Seconds within which a server must answer after its start.
READY = 30


def free_port() -> int:
    """Return a port of loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_site(folder: Path, database_url: str) -> Path:
    """Write the example site with another database, and limits that no retrying client reaches."""
    source = find_site()
    text = source.read_text(encoding="utf-8")
    text = text.replace('data = "data"', f'data = "{source.parent / "data"}"')
    text = text.replace('geojson = "static/', f'geojson = "{source.parent}/static/')
    text = text.replace(
        '{ env = "SHAHREMAN_DATABASE_URL", default = "sqlite:///var/shahreman.db" }', f'"{database_url}"'
    )
    text = text.replace('{ env = "SHAHREMAN_FILES", default = "var/files" }', f'"{folder / "files"}"')
    lifted = "\n".join(
        f"{name} = [[1000000, 3600]]"
        for name in ("submit_citizen", "submit_address", "upload_owner", "upload_address")
    )
    path = folder / "site.toml"
    path.write_text(f"{text}\n[limits]\n{lifted}\n", encoding="utf-8")
    return path


class Portal:
    """The example site in a folder of its own, served by a process that may be killed.

    :param database_url: an empty database.
    """

    def __init__(self, folder: Path, database_url: str) -> None:
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
        self.site = Site(self.path, mode="demo", environ=self.environment)
        migrate.upgrade(self.site)
        with self.site.work() as work:
            work.get(SeedService).load()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [sys.executable, "-m", "civicportal", "--site", str(self.path), "serve", "--no-worker"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--host", "127.0.0.1", "--port", str(self.port)],
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

    def kill(self) -> None:
        """Kill the server and all it started, without a chance to tidy up."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def csrf(self, token: str) -> str:
        """Return the token that the forms of a session carry."""
        return self.site.keys.mac("csrf", token).hex()

    def owner(self, token: str) -> str:
        """Return whose uploads those of a session are."""
        return token_hash(token)


@contextlib.contextmanager
def running(folder: Path, database_url: str) -> Iterator[Portal]:
    """Yield a portal that is not started yet; kill it in the end."""
    portal = Portal(folder, database_url)
    try:
        yield portal
    finally:
        portal.kill()
        portal.site.engines.dispose()
