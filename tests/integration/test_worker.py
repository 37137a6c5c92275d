"""Real processes: the worker is killed, stopped and started again; the server outlives idle connections."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
from datetime import timedelta

import pytest
from portal import free_port
from senders import wait_until
from sqlalchemy import update

from civicportal.core.clock import SystemClock
from civicportal.domain.notifications.services import NotificationService
from civicportal.portal.worker.child import WorkerChild
from civicportal.testing import make_site, make_site_file, outbox

pytestmark = [pytest.mark.fault, pytest.mark.both_databases]
PATIENCE = 120
"""Seconds after which a process that should have ended is called stuck."""

GATEWAY = '''
import os, sys, threading
from civicportal.api.notifications import Receipt
from civicportal.api.plugins import hookimpl

@hookimpl
def send_message(message):
    """Say what is sent; with HANG set, never come back."""
    print("look up" if message.maybe_sent else "send", message.id, flush=True)
    if os.environ.get("HANG"):
        threading.Event().wait()
    return Receipt(provider_id=f"gw-{message.id}")
'''


@pytest.fixture
def folder(tmp_path):
    package = tmp_path / "gateway_site"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "plugin.py").write_text(GATEWAY)
    return tmp_path


@pytest.fixture
def own_site(folder, empty_database, civic_session, monkeypatch):
    """A site of its own, whose package is the gateway."""
    monkeypatch.syspath_prepend(str(folder))
    path = make_site_file(
        folder / "site",
        site={"database_url": empty_database, "package": "gateway_site"},
        notifications={"transport": "site", "quiet_hours": "00:00-00:00"},
    )
    site = make_site(path, clock=SystemClock())
    civic_session.databases.migrate(site)
    yield site
    site.engines.dispose()


#: The worker, which waits half a second for what it has begun: how long it waits otherwise is nothing to test.
IN_A_HURRY = """
import runpy
from civicportal.portal.worker import process

process.STOP_SECONDS = 0.5
runpy.run_module("civicportal.portal.worker", run_name="__main__")
"""


@pytest.fixture
def start(own_site, folder):
    """Start workers; those left at the end are killed."""
    started = []

    def run(*, program=("-m", "civicportal.portal.worker"), arguments=(), **environment):
        process = subprocess.Popen(
            [sys.executable, *program, str(own_site.path), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": str(folder), **environment},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def queue(site, count=1):
    with site.work() as work:
        for number in range(count):
            recipient = f"+98900000{number:04}"
            work.get(NotificationService).send("staff.overdue", recipient=recipient, fields={"COUNT": "3"})
        return [message.id for message in outbox(work)]


def states(site):
    with site.work(write=False) as work:
        return [message.state for message in outbox(work)]


def go_on(site, **values):
    """Let the lease or the pause of every message end now."""
    with site.work() as work:
        messages = type(outbox(work)[0])
        work.session.execute(update(messages).values(values))


def stop(process):
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def test_a_worker_killed_while_sending_loses_nothing_and_repeats_nothing(own_site, start):
    (first,) = queue(own_site)
    killed = start(HANG="1")
    assert killed.stdout.readline() == f"send {first}\n"
    killed.kill()
    killed.wait(PATIENCE)
    assert states(own_site) == ["leased"]

    long_ago = own_site.clock.now() - timedelta(hours=1)
    go_on(own_site, locked_until=long_ago)
    # Another message shows that the new worker has passed by the unknown one without sending it.
    second = queue(own_site)[-1]
    worker = start()
    assert worker.stdout.readline() == f"send {second}\n"
    stop(worker)
    assert states(own_site) == ["unknown", "sent"]

    go_on(own_site, next_at=long_ago)
    worker = start()
    assert worker.stdout.readline() == f"look up {first}\n"
    stop(worker)
    assert states(own_site) == ["sent", "sent"]


def test_two_workers_share_the_work(own_site, start):
    ids = queue(own_site, 20)
    workers = [start(), start()]
    wait_until(lambda: set(states(own_site)) == {"sent"}, PATIENCE)
    for worker in workers:
        # On a busy machine one may have sent all while the other is being loaded: then it is ended as any program.
        worker.terminate()
        assert worker.wait(PATIENCE) in (0, -signal.SIGTERM)
    lines = [line for worker in workers for line in worker.stdout.read().splitlines()]
    assert sorted(lines) == sorted(f"send {number}" for number in ids)


def test_a_hanging_gateway_does_not_keep_the_worker_from_stopping(own_site, start):
    queue(own_site)
    worker = start(program=("-c", IN_A_HURRY), HANG="1")
    worker.stdout.readline()
    stop(worker)
    assert states(own_site) == ["leased"]


def test_a_worker_whose_server_is_gone_ends(own_site, start):
    worker = start(arguments=["--parent", "1"])
    assert worker.wait(PATIENCE) == 0


def test_a_worker_that_died_is_started_again(own_site, folder, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(folder))
    child = WorkerChild(own_site.path)
    first = child.process
    first.kill()
    wait_until(lambda: child.process is not first, PATIENCE)
    second = child.process
    child.stop()
    assert second.poll() is not None


SERVER = """
from civicportal.core.logging import setup_logging
from civicportal.tools.server import serve_app

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"here"]

setup_logging()
serve_app(app, "127.0.0.1", {port})
"""


def test_idle_connections_do_not_shut_out_the_others():
    port = free_port()
    script = textwrap.dedent(SERVER).format(port=port)
    server = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True)
    idle = []
    try:
        while "Serving on" not in server.stderr.readline():
            assert server.poll() is None
        for _ in range(300):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(b"GET / HTTP/1.1\r\n")
            idle.append(connection)
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as good:
            good.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert good.recv(4096).startswith(b"HTTP/1.0 200")
    finally:
        for connection in idle:
            connection.close()
        server.kill()
        server.wait()
        server.stderr.close()
