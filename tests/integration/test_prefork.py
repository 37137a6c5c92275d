"""Several processes serve one address: one that dies is started again, all end with their parent."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import closing

import pytest
from portal import free_port

from civicportal.tools.server import MOST_PROCESSES, fitting_processes

PROGRAM = """
import os, sys
from civicportal.core.serving.prefork import Prefork
from civicportal.tools.server import listen, serve_app

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]

def serve():
    serve_app(app, sockets=[listening], threads=1)

listening = listen("127.0.0.1", int(sys.argv[1]))
Prefork(2, serve, listening).run()
"""
PATIENCE = 60.0
"""Seconds."""


class Served:
    def __init__(self, program=PROGRAM, *more):
        self.port = free_port()
        self.process = subprocess.Popen([sys.executable, "-c", program, str(self.port), *more])

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        self.process.kill()
        self.process.wait()

    def answer(self):
        with closing(urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5)) as response:
            return int(response.read())

    def answering(self, number, but=()):
        """Return the processes that answer, as soon as there are so many."""
        return self._until(lambda found: len(found - set(but)) >= number, set(but))

    def refused(self):
        """Return when no server answers any more."""
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            try:
                self.answer()
            except OSError:
                return True
        return False

    def _until(self, enough, but):
        ends, found = time.monotonic() + PATIENCE, set()
        while time.monotonic() < ends:
            try:
                found.add(self.answer())
            except OSError:
                continue
            if enough(found):
                return found - but
        raise AssertionError(f"only {found} answered")


@pytest.fixture
def served():
    with Served() as started:
        yield started


def test_a_process_that_is_killed_is_started_again(served):
    pids = served.answering(2)
    assert served.process.pid not in pids
    os.kill(min(pids), signal.SIGKILL)
    assert len(served.answering(2, but={min(pids)})) == 2


def test_all_end_in_order_when_they_are_asked_to(served):
    served.answering(2)
    served.process.terminate()
    assert served.process.wait(PATIENCE) == 0
    assert served.refused()


def test_children_end_when_the_parent_is_killed(served):
    served.answering(2)
    served.process.kill()
    served.process.wait()
    assert served.refused()


AT_FORK = """
import os, signal, sys
os.register_at_fork({when}=lambda: os.path.exists(sys.argv[2]) or (
    open(sys.argv[2], "w").close(), os.kill(os.getpid(), signal.SIGTERM)))
"""


@pytest.mark.parametrize("when", ["before", "after_in_parent"])
def test_the_parent_ends_when_it_is_asked_to_while_it_starts_a_process(when, tmp_path):
    with Served(AT_FORK.format(when=when) + PROGRAM, tmp_path / "asked") as served:
        assert served.process.wait(PATIENCE) == 0


def test_a_process_that_is_asked_to_end_before_it_serves_is_started_again(tmp_path):
    with Served(AT_FORK.format(when="after_in_child") + PROGRAM, tmp_path / "asked") as served:
        assert len(served.answering(2)) == 2
        served.process.terminate()
        assert served.process.wait(PATIENCE) == 0
        assert served.refused()


@pytest.mark.parametrize(
    ("dialect", "cores", "memory", "expected"),
    [
        ("postgresql", 2, 4096, 2),
        ("postgresql", 4, 1024, 2),
        ("postgresql", 1, 512, 1),
        ("postgresql", 64, 65536, MOST_PROCESSES),
        ("postgresql", 2, 200, 1),
        ("sqlite", 16, 65536, 1),
    ],
)
def test_processes_suit_cores_and_memory(dialect, cores, memory, expected):
    assert fitting_processes(dialect, cores, memory) == expected
