"""Requests are counted over all processes of a server, and no count goes back when one of them is killed."""

import os
import re
import signal
import subprocess
import sys
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
from portal import free_port
from senders import wait_until

from civicportal.testing import make_site, make_site_file

pytestmark = pytest.mark.fault
PATIENCE = 120
"""Seconds."""


@pytest.fixture
def served(tmp_path, empty_database, civic_session):
    """A server of two processes, by its address, and the folder in which they count."""
    path = make_site_file(
        tmp_path / "site", site={"database_url": empty_database}, metrics={"addresses": ["127.0.0.1"]}
    )
    site = make_site(path)
    civic_session.databases.migrate(site)
    site.engines.dispose()
    port, folder = free_port(), tmp_path / "temporary"
    folder.mkdir()
    command = [sys.executable, "-m", "civicportal", "--site", str(path), "serve", "--no-worker"]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--processes", "2"],
        env={**os.environ, "TMPDIR": str(folder)},
        stderr=subprocess.DEVNULL,
    )
    yield f"http://127.0.0.1:{port}", folder
    process.terminate()
    assert process.wait(PATIENCE) == 0
    assert list(folder.glob("civicportal-metrics-*")) == []


def ask(url):
    """Return the answer over a separate connection; None while no server listens."""
    try:
        with urlopen(Request(url, headers={"Connection": "close"}), timeout=PATIENCE) as answer:
            return answer.read().decode()
    except (URLError, ConnectionError):
        return None


def counted(address):
    words = ask(f"{address}/metrics")
    found = re.search(r'^civicportal_http_requests_total\{route="readyz",status="2xx"\} (\S+)$', words, re.M)
    return float(found[1])


def pids(folder):
    """The processes that have counted something."""
    found = folder.glob("civicportal-metrics-*/counter_*.db")
    return {int(path.stem.removeprefix("counter_")) for path in found}


def test_requests_are_counted_over_all_processes(served):
    address, folder = served
    wait_until(lambda: ask(f"{address}/healthz"), PATIENCE)
    sent = 0

    def both_have_answered():
        nonlocal sent
        sent += ask(f"{address}/readyz") is not None
        return len(pids(folder)) == 2

    wait_until(both_have_answered, PATIENCE)
    assert {counted(address) for _time in range(10)} == {sent}

    os.kill(min(pids(folder)), signal.SIGKILL)
    wait_until(lambda: ask(f"{address}/healthz"), PATIENCE)
    before = sent

    def a_third_has_answered():
        nonlocal sent
        sent += ask(f"{address}/readyz") is not None
        return len(pids(folder)) == 3

    wait_until(a_third_has_answered, PATIENCE)
    assert sent > before
    assert {counted(address) for _time in range(10)} == {sent}
