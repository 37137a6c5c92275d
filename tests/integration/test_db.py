"""The database layer: who writes when, what is committed, which times are taken."""

import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import StatementError

from civicportal.core.db import UTCDateTime, connections, make_engines, short_transaction
from civicportal.core.db.connections import FairLock
from civicportal.domain.accounts.models import User
from civicportal.domain.organization.models import Unit
from civicportal.testing import make_citizen, make_unit
from civicportal.util.errors import ConfigurationError

pytestmark = pytest.mark.both_databases

TEHRAN = timezone(timedelta(hours=3, minutes=30))


def test_writers_are_served_in_their_order():
    lock = FairLock()
    lock.acquire(timeout=1)
    served: list[int] = []
    threads = []
    for number in range(8):
        threads.append(threading.Thread(target=_serve, args=(lock, served, number)))
        threads[-1].start()
        _wait_until(lambda number=number: len(lock._waiters) == number + 1)
    lock.release()
    for thread in threads:
        thread.join()
    assert served == list(range(8))


def _serve(lock, served, number):
    lock.acquire(timeout=10)
    served.append(number)
    lock.release()


def _wait_until(condition):
    pause = threading.Event()
    while not condition():
        pause.wait(0.001)


def test_a_writer_that_gives_up_is_forgotten():
    lock = FairLock()
    lock.acquire(timeout=1)
    failed = []

    def impatient():
        try:
            lock.acquire(timeout=0)
        except TimeoutError as error:
            failed.append(str(error))

    thread = threading.Thread(target=impatient)
    thread.start()
    thread.join()
    lock.release()
    lock.acquire(timeout=0)
    assert failed == ["the database is busy"]


@pytest.mark.one_database("sqlite")
def test_a_second_writer_inside_an_open_one_raises_at_once(site):
    with site.work() as work:
        make_unit(work)
        with pytest.raises(RuntimeError, match="second writing unit of work"), site.work() as other:
            make_unit(other, "lighting")
    with site.work() as work:
        assert work.session.scalars(select(Unit.key)).all() == ["waste"]


def test_the_lock_is_free_after_a_failure(site):
    with pytest.raises(ZeroDivisionError), site.work() as work:
        make_unit(work)
        raise ZeroDivisionError
    with site.work() as work:
        assert work.session.scalars(select(Unit)).all() == []
        make_unit(work)


def test_writers_lose_no_update(site):
    with site.work() as work:
        unit_id = make_unit(work, weight=0).id

    def add():
        for _ in range(10):
            with site.work() as work:
                unit = work.session.scalars(select(Unit).where(Unit.id == unit_id).with_for_update()).one()
                unit.weight += 1

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with site.work(write=False) as work:
        assert work.session.get(Unit, unit_id).weight == 40


def test_plain_sql_is_committed(site):
    with site.work() as work:
        make_unit(work)
    with site.work() as work:
        work.session.execute(text("UPDATE units SET name = 'new'"))
    with site.work(write=False) as work:
        assert work.session.scalars(select(Unit.name)).one() == "new"


def test_a_short_transaction_outlives_a_rollback(site):
    with pytest.raises(ZeroDivisionError), site.work() as work:
        with short_transaction(site.engines) as connection:
            connection.execute(
                text("INSERT INTO seeds (key, digest) VALUES ('unit:x', 'x')"),
            )
        make_unit(work)
        raise ZeroDivisionError
    with site.work(write=False) as work:
        assert work.session.execute(text("SELECT count(*) FROM seeds WHERE key = 'unit:x'")).scalar_one() == 1
        assert work.session.execute(text("SELECT count(*) FROM units")).scalar_one() == 0


def test_times_come_back_aware_and_in_utc(site):
    moment = datetime(2026, 3, 21, 1, 2, 3, 456789, tzinfo=TEHRAN)
    with site.work() as work:
        user_id = make_citizen(work, created_at=moment).id
    with site.work(write=False) as work:
        stored = work.session.get_one(User, user_id).created_at
    assert stored == moment
    assert stored.tzinfo is UTC or stored.utcoffset() == timedelta(0)


def test_naive_times_are_refused(site):
    with pytest.raises(StatementError, match="naive datetime"), site.work() as work:
        make_citizen(work, created_at=datetime(2026, 3, 21))  # noqa: DTZ001 - it is what must be refused
    assert UTCDateTime().process_result_value(None, None) is None


def test_ids_of_deleted_rows_do_not_come_back(site):
    with site.work() as work:
        first = make_citizen(work)
        first_id = first.id
        work.session.delete(first)
    with site.work() as work:
        assert make_citizen(work).id > first_id


def test_foreign_keys_are_held(site):
    with pytest.raises(Exception, match=r"(?i)foreign key"), site.work() as work:
        make_unit(work, parent_id=4711)


def test_other_databases_are_refused():
    with pytest.raises(ConfigurationError, match="neither sqlite nor postgresql"):
        make_engines("mysql://x/y")


def test_all_who_open_a_new_file_at_once_may_write_it(tmp_path):
    failed = []

    def write(path, together):
        connection = sqlite3.connect(path, isolation_level=None)
        together.wait()
        try:
            connections.write_ahead(connection)
            connection.execute("INSERT INTO met VALUES (1)")
        except sqlite3.OperationalError as error:
            failed.append(error)
        finally:
            connection.close()

    for number in range(60):
        path = tmp_path / f"{number}.db"
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE met (a)")
        connection.close()
        together = threading.Barrier(3)
        threads = [threading.Thread(target=write, args=(path, together)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failed


@pytest.mark.one_database("postgresql")
def test_a_connection_closed_by_the_server_is_not_used(site):
    own = text("SELECT pg_backend_pid()")
    with site.engines.read.connect() as connection, site.engines.read.connect() as other:
        closed = connection.scalar(own)
        connection.close()
        assert other.scalar(text("SELECT pg_terminate_backend(:pid, 25000)"), {"pid": closed})
    for engine in (site.engines.read, site.engines.write):
        with engine.connect() as connection:
            assert connection.scalar(own) != closed


@pytest.mark.one_database("postgresql")
def test_an_idle_connection_is_checked_before_use(site, monkeypatch):
    asked = []
    do_ping = site.engines.read.dialect.do_ping
    monkeypatch.setattr(site.engines.read.dialect, "do_ping", lambda one: asked.append(one) or do_ping(one))
    for _ in range(2):
        with site.engines.read.connect() as connection:
            connection.execute(text("SELECT 1"))
    assert not asked
    monkeypatch.setattr(connections, "ASK", -1.0)
    with site.engines.read.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert len(asked) == 1


@pytest.mark.one_database("postgresql")
def test_only_a_statement_that_may_take_long_gets_helpers_of_postgresql(site):
    compiles, helpers = text("SHOW jit"), text("SHOW max_parallel_workers_per_gather")
    with site.work(write=False) as work:
        assert (work.session.scalar(compiles), work.session.scalar(helpers)) == ("off", "0")
    with site.work(write=False, patience=77) as work:
        assert (work.session.scalar(compiles), work.session.scalar(helpers)) == ("off", "2")
    with site.work() as work:
        assert work.session.scalar(helpers) == "0"


@pytest.mark.one_database("postgresql")
def test_a_reader_opens_no_transaction_unless_it_wants_patience(site):
    alone = text("SELECT xact_start <> query_start FROM pg_stat_activity WHERE pid = pg_backend_pid()")
    allowed = text("SHOW statement_timeout")
    with site.work(write=False) as work:
        usual = work.session.scalar(allowed)
        assert not work.session.scalar(alone)
    with site.work(write=False, patience=77) as work:
        assert work.session.scalar(allowed) == "77s"
        assert work.session.scalar(alone)
    with site.work(patience=77) as work:
        assert work.session.scalar(allowed) == "77s"
    with site.work(write=False) as work:
        assert work.session.scalar(allowed) == usual


@pytest.mark.one_database("postgresql")
def test_a_portal_waits_for_no_statement_and_no_lock_for_long(empty_database):
    # Of its own: the kit lets its sites wait longer.
    engines = make_engines(empty_database)
    with engines.read.connect() as connection:
        limits = [connection.scalar(text(one)) for one in ("SHOW statement_timeout", "SHOW lock_timeout")]
    engines.dispose()
    assert limits == ["3s", "2s"]
