"""Servers of the benchmark: each is a separate process, started as in production."""

import gc
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Self
from wsgiref.types import WSGIApplication

from benchmarks.run import proc
from civicportal.core.serving.prefork import Prefork
from civicportal.tools.server import NEW_OBJECTS, fitting_processes, listen, serve_app

SITE = Path(__file__).parents[1] / "site.toml"
PATIENCE = 60.0
"""Seconds until a server must answer."""


class Server:
    """A process that serves HTTP.

    :param command: what is started; ``{port}`` stands for a free port.
    :param environment: further variables.
    :param folder: to run in, if it is not the current one.
    """

    def __init__(
        self,
        command: Sequence[str],
        database: str,
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.port = free_port()
        self._log = log.open("w")
        self.process = subprocess.Popen(
            [part.format(port=self.port) for part in command],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={
                **os.environ,
                "BENCH_DATABASE_URL": database,
                "CIVICPORTAL_COUNT_STATEMENTS": "1",
                "CIVICPORTAL_LOG": "WARNING",
                **(environment or {}),
            },
            start_new_session=True,
            cwd=folder,
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
    environment = {"BENCH_FILES": files} if files else {}
    yield from served([*command, "--port", "{port}"], database, log, environment=environment)


@contextmanager
def floor(database: str, log: Path) -> Iterator[Server]:
    """Serve the floor: a WSGI function that runs one statement per response."""
    yield from served([sys.executable, "-m", "benchmarks.run.floor", "{port}"], database, log)


@contextmanager
def plain(database: str, log: Path) -> Iterator[Server]:
    """Serve the plain floor: an ordinary application of Pyramid and SQLAlchemy."""
    yield from served([sys.executable, "-m", "benchmarks.run.plain", "{port}"], database, log)


def served(
    command: Sequence[str],
    database: str,
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator[Server]:
    """Start a server, yield it when it answers, and stop it in the end."""
    server = Server(command, database, log, environment, folder)
    try:
        yield server.wait()
    finally:
        server.stop()


def serve_like_portal(app: WSGIApplication, port: int, dialect: str) -> None:
    """Serve a floor by the portal's server: the same number of processes and threads, the same collection of garbage.

    The application must hold no connection.
    """
    number = fitting_processes(dialect)
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)
    if number == 1:
        serve_app(app, "127.0.0.1", port)
    else:
        listening = listen("127.0.0.1", port)
        Prefork(number, partial(serve_app, app, sockets=[listening]), listening).run()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
