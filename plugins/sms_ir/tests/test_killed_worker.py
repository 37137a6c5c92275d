"""A real worker that is killed while a hundred messages are under way."""

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from civicportal.testing import outbox

pytestmark = [pytest.mark.fault, pytest.mark.both_databases]
PATIENCE = 60
"""Seconds after which a process that should have got somewhere is called stuck."""


@pytest.fixture
def civic_settings(sms_settings):
    """It works by the real clock, at any time of the day."""
    return sms_settings() | {"notifications": {"transport": "sms_ir", "quiet_hours": "00:00-00:00"}}


@pytest.fixture
def provider(provider):
    provider.now = lambda: datetime.now(UTC)
    return provider


@pytest.fixture
def start(site):
    """Start workers; those left at the end are killed."""
    started = []

    def start():
        command = [sys.executable, "-m", "civicportal.portal.worker", str(site.path)]
        started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def second_call(provider, monkeypatch):
    """The second bulk call: tells when it has begun, and is answered when it may end."""
    begun, may_end, take = threading.Event(), threading.Event(), provider._bulk

    def slow(body, sandbox):
        if provider.sent:
            begun.set()
            may_end.wait(PATIENCE)
        return take(body, sandbox)

    monkeypatch.setattr(provider, "_bulk", slow)
    yield begun, may_end
    may_end.set()


def until(done):
    for _ in range(10 * PATIENCE):
        if done():
            return
        threading.Event().wait(0.1)
    raise AssertionError("stuck")


def let_go_on(site, **values):
    """Let the leases or the pauses end now."""
    with site.work() as work:
        work.session.execute(update(type(outbox(work)[0])).values(values))


def test_a_kill_between_two_calls_sends_nothing_twice(site, crowd, start, provider, second_call):
    begun, may_end = second_call
    crowd.queue()
    worker = start()
    assert begun.wait(PATIENCE)
    worker.kill()
    worker.wait(PATIENCE)
    may_end.set()
    until(lambda: len(provider.sent) == 200)
    assert crowd.states() == {"sent": 100, "leased": 100, "new": 50}

    long_ago = site.clock.now() - timedelta(days=1)
    let_go_on(site, locked_until=long_ago)
    worker = start()
    until(lambda: crowd.states() == {"sent": 150, "unknown": 100})
    let_go_on(site, next_at=long_ago)
    until(lambda: crowd.states() == {"sent": 250})
    worker.terminate()
    assert worker.wait(PATIENCE) == 0
    assert crowd.calls() == [100, 100, 50]
    assert crowd.nobody_twice(250)
