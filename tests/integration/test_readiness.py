"""What monitors ask: the process, the database, the worker."""

import pytest

from civicportal.portal.worker.heartbeat import Heartbeat, WorkerProcess


def test_a_node_is_ready_without_a_worker(app):
    assert app.get("/healthz", status=200).text == "ok\n"
    assert app.get("/readyz", status=200).text == "ok\n"


@pytest.mark.both_databases
def test_the_worker_is_missed_after_two_minutes(site, app, clock):
    app.extra_environ["REMOTE_ADDR"] = "127.0.0.1"
    assert app.get("/readyz/worker", status=503).text == "no worker has ever run\n"
    heartbeat = Heartbeat(site, ("codes",))
    heartbeat.beat()
    clock.advance(seconds=119)
    assert app.get("/readyz/worker", status=200).text == "ok\n"
    clock.advance(seconds=1)
    words = app.get("/readyz/worker", status=503).text
    assert words == "no worker has run since 2026-05-30 08:30:00 UTC\n"
    elsewhere = app.get("/readyz/worker", status=503, extra_environ={"REMOTE_ADDR": "192.0.2.1"})
    assert elsewhere.text == "not ready\n"
    heartbeat.beat()
    assert app.get("/readyz/worker", status=200)


def test_a_worker_that_is_restarted_is_not_missed(site, app, clock):
    heartbeat = Heartbeat(site, ())
    heartbeat.beat()
    heartbeat.end()
    clock.advance(seconds=30)
    assert app.get("/readyz/worker", status=200)


def test_a_worker_whose_row_a_restored_backup_has_replaced_writes_it_again(site, clock):
    heartbeat = Heartbeat(site, ("codes", "jobs-long"))
    heartbeat.beat()
    with site.work() as work:
        work.session.query(WorkerProcess).delete()
    heartbeat.beat()
    with site.work(write=False) as work:
        [row] = work.session.query(WorkerProcess).all()
        assert (row.id, row.lanes, row.seen_at) == (heartbeat.id, ["codes", "jobs-long"], clock.now())


def test_rows_of_workers_that_ended_go_after_a_day(site, clock):
    gone = Heartbeat(site, ())
    gone.beat()
    clock.advance(days=1, seconds=1)
    alive = Heartbeat(site, ())
    alive.beat()
    with site.work(write=False) as work:
        assert [row.id for row in work.session.query(WorkerProcess)] == [alive.id]


@pytest.fixture
def named(site, app):
    """Let the application answer one name only, as in production."""
    rules = app.app.registry.request_rules
    before = rules.hosts
    object.__setattr__(rules, "hosts", frozenset({"portal.example"}))
    yield
    object.__setattr__(rules, "hosts", before)


@pytest.mark.usefixtures("named")
def test_monitors_ask_a_node_by_its_address(app):
    host = {"Host": "10.0.0.5:6543"}
    assert app.get("/healthz", headers=host, status=200)
    assert app.get("/readyz", headers=host, status=200)
    app.get("/readyz/worker", headers=host, status=503)
    app.get("/", headers=host, status=400)
    app.get("/readyz/", headers=host, status=400)
