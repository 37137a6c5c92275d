"""Servers of the benchmark: each is a separate process, started as in production."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Self

from benchmarks.run import proc

SITE = Path(__file__).parents[1] / "site.toml"
PATIENCE = 60.0
"""Seconds until a server must answer."""


class Server:
    """A process that serves HTTP.

    :param command: what is started; ``{port}`` stands for a free port.
    :param files: folder of the store, if it is not the usual one.
    """

    def __init__(self, command: Sequence[str], database: str, log: Path, files: str = "") -> None:
        self.port = free_port()
        self._log = log.open("w")
        environment = {
            **os.environ,
            "BENCH_DATABASE_URL": database,
            **({"BENCH_FILES": files} if files else {}),
            "CIVICPORTAL_COUNT_STATEMENTS": "1",
            "CIVICPORTAL_LOG": "WARNING",
        }
        self.process = subprocess.Popen(
            [part.format(port=self.port) for part in command],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )

    def wait(self) -> Self:
        """Wait until it answers.

        :raises RuntimeError: when it does not.
        """
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE and self.process.poll() is None:
            try:
                connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/")
                connection.getresponse().read()
            except OSError:
                time.sleep(0.2)
            else:
                return self
            finally:
                connection.close()
        raise RuntimeError(f"the server did not start; see {self._log.name}")

    def stop(self) -> None:
        """Terminate it with its children."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self._log.close()

    @property
    def cpu_ms(self) -> float:
        """Return the CPU time that it has used so far."""
        return proc.cpu_ms(self.process.pid)

    @property
    def memory_mb(self) -> tuple[float, float]:
        """Return the largest resident set of a process, and the proportional set of all."""
        return proc.memory_mb(self.process.pid)


@contextmanager
def portal(database: str, log: Path, *options: str, site: Path = SITE, files: str = "") -> Iterator[Server]:
    """Serve the portal by ``civicportal serve``; the worker is not measured.

    :param options: further options of the command.
    :param files: folder of the store, if it is not the usual one.
    """
    command = [sys.executable, "-m", "civicportal", "--site", str(site), "serve", "--no-worker", *options]
    yield from _served([*command, "--port", "{port}"], database, log, files)


@contextmanager
def floor(database: str, log: Path) -> Iterator[Server]:
    """Serve the floor: a WSGI function that runs one statement per response."""
    yield from _served([sys.executable, "-m", "benchmarks.run.floor", "{port}"], database, log)


def _served(command: Sequence[str], database: str, log: Path, files: str = "") -> Iterator[Server]:
    server = Server(command, database, log, files)
    try:
        yield server.wait()
    finally:
        server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
