"""A portal is copied to another database: every row is there, new rows get new ids, only one database is in use."""

import random
import socket
import subprocess
import sys
import tracemalloc
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from copied_portals import MOMENT, all_rows, duplicate, filled_site, on, run_and_kill, unseen, with_tables
from selection import LONG
from sqlalchemy import Engine, delete, event, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from civicportal.cli import main
from civicportal.domain.accounts.models import User
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.search_index import SearchIndex
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.ownership import OwnershipMismatch, portal_id
from civicportal.domain.ownership.models import MOVED, PortalMark
from civicportal.portal import upgrade as migrate
from civicportal.portal.worker.heartbeat import Heartbeat
from civicportal.testing import make_case, make_unit
from civicportal.tools.backup.databases import file_of
from civicportal.tools.copying import CopyError, copy_database
from civicportal.tools.copying.target import TargetDatabase

pytestmark = pytest.mark.both_databases

THERE, BACK = ("sqlite", "postgresql"), ("postgresql", "sqlite")
WAYS = [THERE, BACK, ("postgresql", "postgresql"), ("sqlite", "sqlite")]


@pytest.fixture(scope="module")
def cities(civic_session, tmp_path_factory):
    """Return a function that returns a filled portal on a kind of database, made once."""
    made = {}

    def city(kind):
        if kind not in made:
            made[kind] = filled_site(civic_session, tmp_path_factory.mktemp(kind) / "city", kind)
        return made[kind]

    return city


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    """Copy tables of a few hundred rows in several batches."""
    for name in ("target.BATCH", "tables.READ_AT_ONCE"):
        monkeypatch.setattr(f"civicportal.tools.copying.{name}", 100)


@pytest.fixture(params=[THERE], ids="-".join)
def way(request):
    return request.param


@pytest.fixture
def source(way, cities, civic_session, tmp_path):
    site = duplicate(civic_session, cities(way[0]), tmp_path / "city", way[0])
    yield site
    site.engines.dispose()


@pytest.fixture
def target(way, source, civic_session, tmp_path):
    site = with_tables(civic_session, source, tmp_path / "target", way[1])
    yield site
    site.engines.dispose()


@pytest.fixture
def empty_target(way, source, civic_session):
    site = on(source, civic_session.new_database(way[1]))
    yield site
    site.engines.dispose()


def kinds(*ways):
    return pytest.mark.parametrize("way", ways, indirect=True, ids="-".join)


class TestCopy:
    @kinds(*WAYS)
    def test_all_rows_are_equal_and_the_portal_goes_on_there(self, source, empty_target):
        target = empty_target
        before, own = all_rows(source), portal_id(source)
        source.engines.dispose()
        done = copy_database(source, target, unseen)
        assert all_rows(target) == before == all_rows(source)
        assert (done.tables, done.rows) == (len(before), sum(map(len, before.values())))
        target.check_start()
        assert portal_id(target) == own
        assert not any(SearchIndex(target.engines).verify())
        with pytest.raises(OwnershipMismatch, match="the portal was moved from this database to"):
            source.check_start()

    @kinds(THERE, BACK)
    def test_no_id_is_given_again(self, source, target):
        with source.work() as work:
            case = make_case(work)
            code, highest = case.code, case.id
            work.session.flush()
            work.session.execute(delete(Case).where(Case.id == highest))
            unit = make_unit(work, "gone")
            work.session.flush()
            last_unit = unit.id
            work.session.delete(unit)
        copy_database(source, target, unseen)
        with target.work() as work:
            new = make_case(work)
            assert new.id > highest
            assert new.code != code
            unit = make_unit(work, "new")
            work.session.flush()
            assert unit.id > last_unit
            assert work.session.scalar(select(func.count()).where(Referral.case_id == new.id)) == 1

    @kinds(THERE, BACK)
    def test_what_the_database_itself_guards_is_guarded_there(self, source, target):
        copy_database(source, target, unseen)
        with pytest.raises(DBAPIError, match="never changed"), target.work() as work:
            work.session.execute(update(AuditEvent).values(action="another"))
        with pytest.raises(DBAPIError), target.work() as work:
            work.session.execute(insert(Referral.__table__).values(case_id=10**9, type="action"))
        with target.work() as work:
            case = work.session.scalars(select(Case).order_by(Case.id)).first()
            case.search_text = "کلمه‌ای که تنها اینجاست"
            work.session.execute(update(Case).where(Case.id == case.id).values(status="new-state"))
            lines = select(Referral.status).where(Referral.case_id == case.id, Referral.closed_at.is_(None))
            assert set(work.session.scalars(lines)) == {"new-state"}
        assert SearchIndex(target.engines).verify()[1] == 0

    def test_waiting_messages_are_sent_from_there_alone(self, source, target):
        with source.work() as work:
            waiting = work.session.scalar(select(func.count()).where(OutboxMessage.state == "new"))
        assert waiting
        copy_database(source, target, unseen)
        with target.work() as work:
            assert work.session.scalar(select(func.count()).where(OutboxMessage.state == "new")) == waiting
        run = CliRunner().invoke(main, ["--site", str(source.path), "worker", "--once"])
        assert (run.exit_code, "the portal was moved" in run.output) == (2, True)

    def test_it_may_be_repeated_when_it_is_done(self, source, target):
        copy_database(source, target, unseen)
        with target.work() as work:
            make_case(work)
        target.engines.dispose()
        assert copy_database(source, target, unseen).tables == 0
        with target.work(write=False) as work:
            assert work.session.scalar(select(func.count()).select_from(Case)) == 4

    @kinds(THERE, BACK)
    def test_few_rows_are_in_memory(self, source, target):
        event = {"at": MOMENT, "action": "core:test", "actor_name": "", "realm": "system"}
        with source.work() as work:
            rows = [{**event, "data": {"text": f"{number:09}" * 400}} for number in range(2_000)]
            work.session.execute(insert(AuditEvent), rows)
        source.engines.dispose()
        del rows
        tracemalloc.start()
        try:
            copy_database(source, target, unseen)
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        # The texts alone are 7 MB.
        assert peak < 14_000_000


class TestInterrupted:
    @kinds(THERE, BACK)
    def test_killed_at_any_point_it_goes_on(self, source, target):
        before, own = all_rows(source), portal_id(source)
        source.engines.dispose()
        dice = random.Random(20)
        kills = 0
        more = 150 if LONG else 450
        while not run_and_kill(source, target, dice.randint(1, 60 + more * kills)):
            kills += 1
            moved = on_mark(source, MOVED)
            # At no moment can two databases start the portal.
            assert starts(source) + starts(target) <= 1, moved
        assert kills > 2
        assert all_rows(target) == before
        assert (starts(source), starts(target), portal_id(target)) == (False, True, own)
        assert not any(SearchIndex(target.engines).verify())

    @kinds(THERE, BACK)
    def test_killed_between_the_two_marks_it_is_ended_by_the_next_run(self, source, target, monkeypatch):
        before = all_rows(source)

        def killed(*_arguments):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(TargetDatabase, "end", killed)
            with pytest.raises(KeyboardInterrupt):
                copy_database(source, target, unseen)
        assert (starts(source), starts(target)) == (False, False)
        done = copy_database(source, target, unseen)
        assert done.resumed == done.rows
        assert (starts(source), starts(target)) == (False, True)
        assert all_rows(target) == before

    def test_the_connections_of_the_run_before_may_need_a_moment_to_go(self, source, target):
        tries = []

        def step(connection, cursor, statement, *_rest):
            if "pg_try_advisory_lock" in statement:
                tries.append(statement)
                if len(tries) == 2:
                    before.invalidate()

        event.listen(Engine, "before_cursor_execute", step)
        try:
            with target.engines.read.connect() as before:
                before.execute(text("SELECT pg_advisory_lock(:key)"), {"key": 0x636F7079})
                copy_database(source, target, unseen)
        finally:
            event.remove(Engine, "before_cursor_execute", step)
        assert len(tries) > 1
        assert starts(target)

    def test_rows_of_the_run_before_are_kept(self, source, target):
        assert not run_until_table(source, target, "case_events")
        done = copy_database(source, target, unseen)
        assert 450 < done.resumed < done.rows

    def test_a_source_that_has_changed_in_between_is_copied_again(self, source, target):
        assert not run_until_table(source, target, "case_events")
        with source.work() as work:
            make_case(work, subject="تازه")
            work.session.execute(update(User).where(User.username == "officer").values(name="نامی دیگر"))
        before = all_rows(source)
        done = copy_database(source, target, unseen)
        assert done.resumed == 0
        assert all_rows(target) == before

    def test_rows_that_something_else_wrote_are_not_kept(self, source, target):
        before = all_rows(source)
        assert not run_until_table(source, target, "case_events")
        with target.engines.write.begin() as connection:
            connection.execute(update(User.__table__).values(name="نامی دیگر"))
        target.engines.dispose()
        assert copy_database(source, target, unseen).resumed == 0
        assert all_rows(target) == before

    def test_a_portal_does_not_start_on_half_a_copy(self, source, target, tmp_path):
        assert not run_until_table(source, target, "case_events")
        with pytest.raises(OwnershipMismatch, match="not been copied into this database completely"):
            target.check_start()
        with pytest.raises(OwnershipMismatch, match="run civicportal db copy again"):
            from civicportal.domain.ownership import adopt_store

            adopt_store(target, target.storage.store, owner=portal_id(source), new_id=True)
        assert starts(source)

    def test_by_a_signal(self, source, target, tmp_path):
        address = [site.engines.read.url.render_as_string(hide_password=False) for site in (source, target)]
        command = [sys.executable, "-m", "civicportal", "--site", str(source.path), "db", "copy", *address]
        run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert run.stdout.readline().startswith("  reading")
        run.kill()
        run.wait()
        run.stdout.close()
        again = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "rows are equal on both sides" in again.stdout
        assert "\r" not in again.stdout


def starts(site):
    """Tell whether a portal starts on the database."""
    site.engines.dispose()
    try:
        site.check_start()
    except Exception:
        return False
    finally:
        site.engines.dispose()
    return True


def on_mark(site, name):
    with site.engines.read.connect() as connection:
        found = connection.scalar(select(PortalMark.value).where(PortalMark.name == name))
    site.engines.dispose()
    return found


class Stopped(Exception):
    """Ends a copy in the middle."""


def run_until_table(source, target, name):
    """Copy the tables before one."""

    def report(step, table, _done, _total):
        if (step, table) == ("copying", name):
            raise Stopped

    with pytest.raises(Stopped):
        copy_database(source, target, report)


class TestRefusals:
    def refused(self, source, target, words):
        before = all_rows(source) if file_exists(source) else None
        with pytest.raises((CopyError, OwnershipMismatch), match=words):
            copy_database(source, target, unseen)
        if before:
            assert all_rows(source) == before
            assert starts(source)

    @kinds(("sqlite", "sqlite"), ("postgresql", "postgresql"))
    def test_the_same_database_by_another_address(self, source, target, tmp_path):
        if source.engines.dialect == "sqlite":
            (tmp_path / "link.db").symlink_to(file_of(source.engines))
            same = on(source, f"sqlite:///{tmp_path}/link.db")
        else:
            url = source.engines.read.url.update_query_dict({"application_name": "another"})
            same = on(source, url.render_as_string(hide_password=False))
        self.refused(source, same, "is the source itself: name another database")

    def test_a_source_that_is_not_there(self, source, target, tmp_path):
        missing = on(source, f"sqlite:///{tmp_path}/nowhere.db")
        self.refused(missing, target, "there is no such file: correct the address")
        assert not (tmp_path / "nowhere.db").exists()

    def test_a_target_of_another_portal(self, source, target):
        with target.work() as work:
            make_unit(work, "theirs")
        self.refused(source, target, r"it has rows \(.*units\) of another portal.*name an empty database")

    def test_a_target_in_which_another_copy_was_begun(self, source, target, civic_session, tmp_path):
        other = filled_site(civic_session, tmp_path / "other", "sqlite")
        run_until_table(other, on(other, target.engines.read.url.render_as_string(False)), "users")
        self.refused(source, target, "a copy of another portal was begun in it: name an empty database")

    def test_a_target_at_other_migrations(self, source, empty_target):
        target = empty_target
        migrate.upgrade(target, revision="0024", package="civicportal")
        self.refused(source, target, r"civicportal at 0024, not \d+\): name an empty database")

    def test_a_target_with_foreign_tables(self, source, target):
        with target.engines.write.begin() as connection:
            connection.execute(text("CREATE TABLE shop (id integer)"))
        self.refused(source, target, r"tables that are not a portal's \(shop\): name an empty database")

    def test_a_source_at_other_migrations(self, source, target):
        migrate.downgrade(source, "civicportal", "0024")
        with pytest.raises(CopyError, match=r"civicportal at 0024\): .* run civicportal db upgrade"):
            copy_database(source, target, unseen)

    def test_tables_of_a_plugin_that_is_not_listed(self, source, target):
        with source.engines.write.begin() as connection:
            connection.execute(text("CREATE TABLE alembic_version_parking (version_num varchar(32))"))
        self.refused(source, target, r"does not list \(parking\): list them in site.plugins")

    @kinds(THERE, BACK)
    def test_a_worker_that_runs(self, source, target):
        Heartbeat(source, ["urgent"]).beat()
        self.refused(source, target, "a worker runs .*: stop the portal and its workers")
        source.clock.advance(minutes=3)
        copy_database(source, target, unseen)

    @kinds(THERE, BACK)
    def test_a_portal_that_runs(self, source, target, monkeypatch):
        monkeypatch.setattr("civicportal.tools.copying.source.PATIENCE", 0.5)
        words = "(another process has it open|other connections are open): stop the portal"
        other = on(source, source.engines.read.url.render_as_string(hide_password=False))
        with other.engines.read.connect() as connection:
            connection.execute(text("SELECT 1 FROM cases"))
            connection.rollback()
            with pytest.raises(CopyError, match=words):
                copy_database(source, target, unseen)
        other.engines.dispose()
        copy_database(source, target, unseen)

    @kinds(THERE, BACK)
    def test_nothing_is_written_to_the_source_during_the_copy(self, source, target, monkeypatch):
        for name in ("WRITER_SECONDS", "TURNING_ON"):
            monkeypatch.setattr(f"civicportal.core.db.connections.{name}", 0.1)
        other = on(source, source.engines.read.url.render_as_string(hide_password=False))
        locked = []

        def report(step, _table, _done, _total):
            if step == "comparing" and not locked:
                event.listen(other.engines.read, "connect", impatient)
                with pytest.raises(DBAPIError, match="lock"), other.work() as work:
                    make_case(work)
                other.engines.dispose()
                locked.append(step)

        copy_database(source, target, report)
        assert locked

    def test_another_secret(self, source, target, tmp_path):
        Path(source.path.parent / "secret").write_text("another secret of tests, long enough for everything")
        with pytest.raises(OwnershipMismatch, match=r"site\.secret: it is not the secret"):
            copy_database(on(source, str(source.engines.read.url)), target, unseen)

    def test_a_source_that_was_moved_elsewhere(self, source, target, civic_session):
        copy_database(source, target, unseen)
        third = on(source, civic_session.new_database("postgresql"))
        with pytest.raises(CopyError, match=r"the portal was moved to postgresql.*: copy from there"):
            copy_database(source, third, unseen)

    def test_two_copies_at_a_time(self, source, target, monkeypatch):
        monkeypatch.setattr("civicportal.tools.copying.target.PATIENCE", 0)
        with target.engines.read.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": 0x636F7079})
            self.refused(source, target, "another copy into it runs: wait for its end")
            connection.invalidate()

    def test_a_row_that_postgresql_refuses_is_named_without_its_values(self, source, target):
        with source.work() as work:
            number = work.session.scalar(select(func.max(User.id)))
            work.session.execute(
                text("UPDATE users SET name = 'x' || char(0) || 'secret' WHERE id = :id"), {"id": number}
            )
        self.refused(
            source, target, f"PostgreSQL refuses the row {number} of users.*NUL.*: correct it in the source"
        )
        with source.work() as work:
            work.session.execute(
                text("UPDATE users SET name = :long WHERE id = :id"), {"id": number, "long": "secret" * 99}
            )
        with pytest.raises(CopyError, match=f"the row {number} of users in name: value too long") as refused:
            copy_database(source, target, unseen)
        assert "secret" not in str(refused.value)
        with source.work() as work:
            work.session.execute(text("UPDATE users SET name = 'y' WHERE id = :id"), {"id": number})
        copy_database(source, target, unseen)


def impatient(connection, _record):
    """Wait for no lock."""
    statement = "SET lock_timeout = '100ms'" if hasattr(connection, "pgconn") else "PRAGMA busy_timeout = 100"
    connection.execute(statement)
    connection.commit()


def file_exists(site):
    return site.engines.dialect == "postgresql" or file_of(site.engines).exists()


class TestServers:
    def test_a_server_that_is_too_old(self, source, target, monkeypatch):
        monkeypatch.setattr("civicportal.core.db.OLDEST_POSTGRESQL", 99)
        with pytest.raises(CopyError, match=r"the server is PostgreSQL \d+; install 99 or newer"):
            copy_database(source, target, unseen)

    def test_a_database_that_knows_no_persian(self, source, civic_session):
        plain = on(source, civic_session.new_database("postgresql", ctype="C"))
        with pytest.raises(CopyError, match=r"knows no Persian letters\. Create it with"):
            copy_database(source, plain, unseen)

    def test_a_database_that_does_not_exist(self, source, target):
        missing = target.engines.read.url.set(database="nowhere").render_as_string(hide_password=False)
        with pytest.raises(
            CopyError, match='database "nowhere" does not exist: create it first: CREATE DATABASE'
        ):
            copy_database(source, on(source, missing), unseen)

    def test_a_server_that_does_not_answer(self, source):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        away = on(source, f"postgresql+psycopg://nobody@127.0.0.1:{port}/nothing")
        with pytest.raises(CopyError, match="look whether it answers"):
            copy_database(source, away, unseen)

    def test_a_role_that_may_create_no_tables(self, source, empty_target):
        with (
            role(empty_target, "plain") as address,
            pytest.raises(
                CopyError, match=r"the role plain may not create tables in the schema public: .* GRANT CREATE"
            ),
        ):
            copy_database(source, on(source, address), unseen)

    def test_a_role_that_does_not_own_the_tables(self, source, target):
        migrate.upgrade(target)
        with (
            role(
                target,
                "plain",
                "GRANT CREATE, USAGE ON SCHEMA public TO plain",
                "GRANT ALL ON ALL TABLES IN SCHEMA public TO plain",
            ) as address,
            pytest.raises(CopyError, match="the role plain does not own the tables"),
        ):
            copy_database(source, on(source, address), unseen)

    def test_a_role_that_may_create_tables_is_enough(self, source, empty_target):
        with role(empty_target, "plain", "GRANT CREATE, USAGE ON SCHEMA public TO plain") as address:
            copy_database(source, on(source, address), unseen)

    def test_a_standby(self, source, target):
        url = target.engines.read.url.update_query_dict({"options": "-c default_transaction_read_only=on"})
        with pytest.raises(CopyError, match="it takes no writes: name the primary server"):
            copy_database(source, on(source, url.render_as_string(hide_password=False)), unseen)


@contextmanager
def role(site, name, *statements):
    """Yield the address of a database for a role with these rights alone."""

    def run(*statements):
        with site.engines.read.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        site.engines.dispose()

    run(f"CREATE ROLE {name} LOGIN", *statements)
    try:
        yield site.engines.read.url.set(username=name).render_as_string(hide_password=False)
    finally:
        run(f"DROP OWNED BY {name} CASCADE", f"DROP ROLE {name}")


class TestCommand:
    def test_a_password_stays_in_the_environment(self, source, target, monkeypatch):
        run = ["--site", str(source.path), "db", "copy", str(source.engines.read.url), "NEW_DATABASE"]
        refused = CliRunner().invoke(main, run)
        assert (refused.exit_code, "'NEW_DATABASE' is neither the address" in refused.output) == (2, True)
        address = target.engines.read.url.set(password="secret-word").render_as_string(hide_password=False)
        monkeypatch.setenv("NEW_DATABASE", address)
        done = CliRunner().invoke(main, run)
        assert done.exit_code == 0, done.output
        again = CliRunner().invoke(main, ["--site", str(source.path), "search", "verify"])
        assert "was moved from this database to postgresql+psycopg://postgres@" in again.output
        assert "secret-word" not in done.output + again.output
        once_more = CliRunner().invoke(main, run)
        assert (once_more.exit_code, "has been moved to this database already" in once_more.output) == (
            0,
            True,
        )

    def test_check_says_where_the_portal_is(self, source, target):
        copy_database(source, target, unseen)
        found = CliRunner().invoke(main, ["--site", str(source.path), "check"])
        assert (found.exit_code, "was moved from this database" in found.output) == (2, True)

    def test_if_the_new_one_is_lost_the_old_one_can_be_a_portal_again(self, source, target):
        own = portal_id(source)
        copy_database(source, target, unseen)
        adopt = ["--site", str(source.path), "files", "adopt", "--new-id", "--owner", own, "--yes"]
        assert CliRunner().invoke(main, adopt).exit_code == 0
        assert (starts(source), starts(target)) == (True, False)
