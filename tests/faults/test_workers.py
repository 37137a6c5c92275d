"""Worker processes that are killed or suspended in the middle of a job, and one whose long job never ends."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta

import pytest
from senders import wait_until
from sqlalchemy import select, update

from civicportal.core.clock import SystemClock
from civicportal.core.jobs import JobRun
from civicportal.domain.accounts.otp import OtpService
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.notifications.inbound import InboundService
from civicportal.portal.worker.heartbeat import WorkerProcess, WorkerService
from civicportal.testing import make_case, make_citizen, make_site, make_site_file

pytestmark = pytest.mark.fault
PATIENCE = 120
"""Seconds after which a process that should have answered is called stuck."""
JOB = "site.steps"

SITE = '''
import os, sys, threading
from datetime import timedelta
from civicportal.api.notifications import InboundService, Receipt
from civicportal.api.people import AuditService
from civicportal.api.plugins import Job, hookimpl
from civicportal.portal.worker import process

NAME = os.environ["NAME"]

def say(*words):
    print(*words, flush=True)

def step(site, number):
    with site.work() as work:
        work.get(AuditService).record("test:step", name=f"{NAME}{number}")

def take_steps(site):
    """Take a step, wait for a line, and take another."""
    step(site, 1)
    say("begun", NAME)
    sys.stdin.readline()
    step(site, 2)
    say("ended", NAME)

def hang(site):
    say("hangs")
    threading.Event().wait()

def answer(site):
    with site.work(write=False) as work:
        waiting = work.get(InboundService).waiting()
    for number, _sender in waiting:
        with site.work() as work:
            work.get(InboundService).handle(number)

@hookimpl
def register_jobs():
    hour = timedelta(hours=1)
    if NAME == "hanging":
        process.JOB_POLL_SECONDS = 0.5
        return [
            Job(name="site.hang", every=hour, lane="long", run=hang),
            Job(name="site.inbound", every=timedelta(seconds=1), lane="messages", run=answer),
        ]
    return [] if NAME == "stuck" else [Job(name="site.steps", every=hour, lane="long", run=take_steps)]

@hookimpl
def send_message(message):
    if NAME == "stuck":
        process.STUCK_SECONDS, process.STOP_SECONDS = 1, 0.5
        say("hangs")
        threading.Event().wait()
    say("sent", message.kind)
    return Receipt(provider_id=f"gw-{message.id}")
'''


@pytest.fixture
def folder(tmp_path):
    package = tmp_path / "shift_site"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "plugin.py").write_text(SITE)
    return tmp_path


@pytest.fixture
def own_site(folder, empty_database, civic_session, monkeypatch):
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("NAME", "test")
    path = make_site_file(
        folder / "site",
        site={"database_url": empty_database, "package": "shift_site"},
        notifications={"transport": "site", "quiet_hours": "00:00-00:00"},
    )
    site = make_site(path, clock=SystemClock())
    civic_session.databases.migrate(site)
    yield site
    site.engines.dispose()


@pytest.fixture
def start(own_site, folder):
    """Start workers by their name; those left at the end are killed."""
    started = []

    def run(name):
        process = subprocess.Popen(
            [sys.executable, "-m", "civicportal.portal.worker", str(own_site.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(folder), "NAME": name},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()
        process.wait()


def let_lease_end(site):
    """Let the lease of the job end now, as it does two minutes after it was renewed last."""
    with site.work() as work:
        past = work.clock.now() - timedelta(seconds=1)
        work.session.execute(update(JobRun).where(JobRun.name == JOB).values(locked_until=past))


def suspend(process, site):
    """Suspend a worker and let its lease end; on SQLite not while it holds the lock of the whole database."""
    stop(process)
    while is_locked(site):
        process.send_signal(signal.SIGCONT)
        wait_until(lambda: not is_locked(site), PATIENCE)
        stop(process)
    let_lease_end(site)


def stop(process):
    """Stop a process, and return when it has stopped: until then it still runs."""
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)


def is_locked(site):
    """Tell whether another connection keeps everyone from writing."""
    if site.engines.dialect != "sqlite":
        return False
    with closing(sqlite3.connect(site.engines.read.url.database, timeout=0.1)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
    return False


def steps(site):
    with site.work(write=False) as work:
        events = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "test:step"))
        return sorted(event.data["name"] for event in events)


def job_row(site):
    with site.work(write=False) as work:
        return work.session.get(JobRun, JOB)


def go_on(process):
    process.stdin.write("go on\n")
    process.stdin.flush()


def is_settled(site):
    row = job_row(site)
    return row.last_ok_at is not None and row.lease_id is None


@pytest.mark.both_databases
def test_the_job_of_a_killed_worker_is_run_by_another_when_its_lease_has_ended(own_site, start):
    killed = start("a")
    assert killed.stdout.readline() == "begun a\n"
    killed.kill()
    killed.wait(PATIENCE)
    assert (job_row(own_site).lease_id, job_row(own_site).last_ok_at) != (None, None)

    let_lease_end(own_site)
    other = start("b")
    assert other.stdout.readline() == "begun b\n"
    go_on(other)
    assert other.stdout.readline() == "ended b\n"
    wait_until(lambda: is_settled(own_site), PATIENCE)
    assert steps(own_site) == ["a1", "b1", "b2"]


@pytest.mark.both_databases
def test_a_worker_that_was_suspended_past_its_lease_writes_nothing_more(own_site, start):
    suspended = start("a")
    assert suspended.stdout.readline() == "begun a\n"
    suspend(suspended, own_site)

    other = start("b")
    assert other.stdout.readline() == "begun b\n"
    go_on(other)
    assert other.stdout.readline() == "ended b\n"
    wait_until(lambda: is_settled(own_site), PATIENCE)
    settled = job_row(own_site)

    suspended.send_signal(signal.SIGCONT)
    go_on(suspended)
    while "has lost its lease" not in (line := suspended.stderr.readline()):
        assert line, "it ended"
    assert steps(own_site) == ["a1", "b1", "b2"]
    now = job_row(own_site)
    assert (now.next_at, now.last_ok_at, now.failures) == (settled.next_at, settled.last_ok_at, 0)


@pytest.mark.both_databases
def test_a_long_job_that_hangs_holds_up_neither_inbound_messages_nor_codes(own_site, start):
    worker = start("hanging")
    assert worker.stdout.readline() == "hangs\n"
    with own_site.work() as work:
        work.get(InboundService).keep("site:1", "+989000000001", "سلام", work.clock.now())
    assert worker.stdout.readline() == "sent inbound.help\n"
    with own_site.work() as work:
        work.get(OtpService).ask("login", "+989000000002", "c")
    assert worker.stdout.readline() == "sent otp.login.short\n"


@pytest.mark.both_databases
def test_a_worker_whose_transport_hangs_ends_to_be_started_again(own_site, start):
    with own_site.work() as work:
        make_case(work, citizen=make_citizen(work))
    worker = start("stuck")
    assert worker.stdout.readline() == "hangs\n"
    worker.wait(PATIENCE)
    assert "the transport hangs in the lane " in worker.stderr.read()


def test_workers_are_seen_while_they_run_and_told_from_those_that_were_killed(own_site, start):
    workers = [start(name) for name in "ab"]

    def seen():
        with own_site.work(write=False) as work:
            return {worker.pid: worker for worker in work.get(WorkerService).all()}

    wait_until(lambda: len(seen()) == 2, PATIENCE)
    assert set(seen()) == {worker.pid for worker in workers}
    # One of the two has the job; both end, one as it is told to.
    told, killed = workers
    go_on(told)
    killed.kill()
    killed.wait(PATIENCE)
    told.terminate()
    told.wait(PATIENCE)
    stopped = {pid: worker.stopped_at is not None for pid, worker in seen().items()}
    assert stopped == {told.pid: True, killed.pid: False}
    with own_site.work() as work:
        past = work.clock.now() - timedelta(minutes=2)
        work.session.execute(update(WorkerProcess).values(seen_at=past))
    with own_site.work(write=False) as work:
        service = work.get(WorkerService)
        assert not service.is_any_running
        assert [worker.pid for worker in service.all() if service.is_lost(worker)] == [killed.pid]
