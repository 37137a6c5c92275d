"""Failover to the standby under load loses and duplicates nothing."""

import subprocess
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from portal import READY, Portal
from replication import Pair, Server, or_skip
from selection import LONG
from senders import by_form, everything_is_there_once, senders, wait_until
from sqlalchemy import func, select, text

from civicportal.domain.cases.models import Case
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.portal.doctor import machine as doctor_machine
from civicportal.util.errors import ConfigurationError

pytestmark = pytest.mark.fault

FENCE = Path(__file__).parents[2] / "docs/deploy/postgresql-fence.sh"
FAILOVERS = 12 if LONG else 1


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    found = or_skip(Pair)
    yield found
    found.stop()


@pytest.fixture(scope="module")
def prepared(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    found = Portal(tmp_path_factory.mktemp("portal"), pair.create_database())
    yield found
    found.site.engines.dispose()


@pytest.fixture
def portal(prepared: Portal) -> Iterator[Portal]:
    yield prepared
    prepared.kill()


def answers(portal: Portal, path: str, token: str = "") -> bool:
    connection = HTTPConnection("127.0.0.1", portal.port, timeout=READY)
    try:
        connection.request("GET", path, headers={"Cookie": f"cp={token}"} if token else {})
        answer = connection.getresponse()
        answer.read()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    assert answer.status in (200, 503)
    return answer.status == 200


def test_a_standby_takes_over_under_load(pair: Pair, portal: Portal) -> None:
    citizens, seconds = senders(portal), []
    token = citizens.citizens[0].token
    portal.start(worker=True)
    citizens.start()
    try:
        for number in range(FAILOVERS):
            citizens.wait_for(8)
            begun = time.monotonic()
            pair.fail_over()
            promoted = time.monotonic()
            wait_until(lambda: answers(portal, "/my", token))
            seconds.append((promoted - begun, time.monotonic() - promoted))
            citizens.wait_for(8)
            # Back and forth: sometimes what the old primary has is kept, sometimes copied again.
            pair.standby.follow(pair.primary, rewind=number % 2 == 0)
        citizens.wait_for(8)
    finally:
        citizens.finish()
    # The worker goes on by itself; what it had in hand when a server died is looked up at the provider minutes later.
    portal.release_notices()
    wait_until(lambda: states(portal).keys() <= {"sent", "leased", "unknown"}, 300)
    assert states(portal)["sent"] > 0
    assert citizens.refused == []
    everything_is_there_once(portal.site, citizens)
    for promotion, answer in seconds:
        print(f"promoted after {promotion:.2f} s, pages answer {answer:.2f} s later")  # noqa: T201 - figures of the run
    print(f"failovers={FAILOVERS} acknowledged={len(citizens.acknowledged)} messages={states(portal)}")  # noqa: T201 - figures of a long run


def states(portal: Portal) -> dict[str, int]:
    with portal.site.work(write=False) as work:
        rows = work.session.execute(select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state))
        return {row.state: row[1] for row in rows}


def writer_of(server: Server, database: str, table: str) -> subprocess.Popen[bytes]:
    """Begin to make a table; return when its commit waits for a standby."""
    place = server.conninfo.replace("dbname=postgres", f"dbname={database}")
    command = [server.program("psql"), place, "-c", f"CREATE TABLE {table} (id int)"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd="/")
    wait_until(
        lambda: server.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == "1"
    )
    return process


def test_commits_that_wait_for_a_standby_are_a_finding(
    pair: Pair, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def waits() -> bool:
        with portal.site.work(write=False) as work:
            return any("wait for a standby" in finding.text for finding in doctor_machine.findings(work))

    monkeypatch.setattr(doctor_machine, "COMMITS_LATE", 0)
    assert not waits()
    pair.standby.break_off()
    writer = writer_of(pair.primary, portal.site.engines.read.url.database or "", "late")
    assert waits()
    pair.standby.start()
    assert writer.communicate()[0] == b"CREATE TABLE\n"
    assert not waits()


def fence(server: Server, other: Server) -> int:
    """Ask the documented script whether a server may start, as its service manager does; 0 is yes."""
    if not Path(server.program("psql")).is_relative_to("/usr/lib/postgresql"):
        pytest.skip("the script is for Debian's PostgreSQL")
    command = ["/bin/sh", str(FENCE), str(server.data), other.conninfo]
    return subprocess.run(command, check=False, cwd="/", capture_output=True).returncode


def test_a_primary_that_comes_back_acknowledges_nothing(pair: Pair, portal: Portal) -> None:
    old, name = pair.primary, portal.site.engines.read.url.database or ""
    portal.site.check_start()
    assert fence(pair.primary, pair.standby) == fence(pair.standby, pair.primary) == 0
    pair.fail_over()
    # The one that was promoted may start again, with or without the other one.
    assert (fence(old, pair.primary), fence(pair.primary, old)) == (1, 0)
    old.start()
    assert fence(pair.primary, old) == 0
    writer = writer_of(old, name, "stray")
    try:
        assert writer.poll() is None
        with pytest.raises(ConfigurationError, match="both take writes"):
            portal.site.check_start()
    finally:
        writer.kill()
        assert writer.communicate()[0] == b""
    old.follow(pair.primary, rewind=True)
    assert old.sql("SELECT to_regclass('stray')", name) == ""
    portal.site.check_start()


def test_a_server_that_takes_no_writes_is_left(pair: Pair, portal: Portal) -> None:
    """A fenced primary refuses the first write; its connections are dropped, and the same form goes to the new one."""
    citizens = senders(portal, 1)
    portal.start()
    citizens.start()
    try:
        citizens.wait_for(4)
        old = pair.primary
        old.sql("ALTER SYSTEM SET default_transaction_read_only = on")
        old.sql("SELECT pg_reload_conf()")
        pair.standby.promote()
        citizens.wait_for(4)
    finally:
        citizens.finish()
    assert citizens.refused == []
    # A process that only reads leaves the old server too, as soon as it has heard of it.
    wait_until(lambda: portal_reads_from(portal) == pair.standby.port)
    with portal.site.work(write=False) as work:
        assert citizens.acknowledged.items() <= by_form(work.session.scalars(select(Case)).all()).items()


def portal_reads_from(portal: Portal) -> int:
    with portal.site.engines.read.connect() as connection:
        return connection.scalar(text("SELECT inet_server_port()")) or 0
