"""Due jobs run once, in any process; cleanup jobs delete expired rows."""

import subprocess
import sys
import threading
from datetime import UTC, datetime, time, timedelta

import pytest
from senders import wait_until
from sqlalchemy import delete, func, select, text

from civicportal.core.jobs import Job, JobRun, registered
from civicportal.core.leases import LeaseGuard, LeaseLost, behind, renewing
from civicportal.core.limits import LimitHit
from civicportal.core.storage import new_key
from civicportal.domain.accounts.models import Invitation, OtpChallenge, Session, User
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.cases.models import Attachment
from civicportal.portal import cleanup
from civicportal.portal.cleanup import (
    BATCH,
    JOBS,
    clean_attachments,
    clean_codes,
    clean_limits,
    clean_session_values,
    clean_sessions,
)
from civicportal.portal.worker import jobs
from civicportal.portal.worker.jobs import LEASE, JobRunner
from civicportal.testing import NOON, make_case, make_citizen

pytestmark = pytest.mark.both_databases

PATIENCE = 60
"""Seconds."""


def hourly(run, name="test.job"):
    return Job(name=name, every=timedelta(hours=1), run=run)


def count(site, model):
    with site.work(write=False) as work:
        return work.session.scalar(select(func.count()).select_from(model))


def test_a_job_is_run_when_it_is_due(site, clock):
    runs = []
    runner = JobRunner(site, [hourly(lambda site: runs.append(site.clock.now()))])
    assert runner.run_due() == ["test.job"]
    assert runner.run_due() == []
    clock.advance(hours=1)
    assert runner.run_due() == ["test.job"]
    assert runs == [NOON, NOON + timedelta(hours=1)]


def test_a_job_without_a_row_is_run(site):
    runner = JobRunner(site, [hourly(lambda site: None)])
    assert runner.run_due() == ["test.job"]
    with site.work() as work:
        work.session.execute(delete(JobRun))
    assert runner.run_due() == ["test.job"]


def test_a_failing_job_is_noted_and_holds_up_no_other(site, clock):
    def fail(site):
        raise ValueError("no route to 09123456789")

    runner = JobRunner(site, [hourly(fail, "a"), hourly(lambda site: None, "b")])
    assert sorted(runner.run_due()) == ["a", "b"]
    with site.work(write=False) as work:
        bad, good = work.session.get(JobRun, "a"), work.session.get(JobRun, "b")
        assert (bad.last_error, bad.last_ok_at) == ("ValueError: no route to 0912***6789", None)
        assert (good.last_error, good.last_ok_at, good.lease_id) == ("", NOON, None)
    clock.advance(hours=1)
    assert sorted(runner.run_due()) == ["a", "b"]


WORKER = """
import sys
from datetime import timedelta
from pathlib import Path

from civicportal.core.jobs import Job
from civicportal.core.site import Site
from civicportal.portal.worker.jobs import JobRunner


def job(number):
    def run(site):
        with Path(sys.argv[2]).open("a") as file:
            file.write(f"{number}\\n")

    return Job(name=f"test.job{number}", every=timedelta(hours=1), run=run)


runner = JobRunner(Site(Path(sys.argv[1])), [job(number) for number in range(30)])
print("ready", flush=True)
sys.stdin.readline()
runner.run_due()
"""


def test_two_worker_processes_run_each_job_once(civic_environment, tmp_path):
    told = tmp_path / "told"
    command = [sys.executable, "-c", WORKER, str(civic_environment.path), str(told)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as one, subprocess.Popen(command, **pipes) as other:
        assert [process.stdout.readline() for process in (one, other)] == ["ready\n"] * 2
        for process in (one, other):
            process.stdin.write("go\n")
            process.stdin.flush()
        assert [process.wait() for process in (one, other)] == [0, 0]
    assert sorted(map(int, told.read_text().split())) == list(range(30))


def test_two_workers_run_a_job_once(site):
    runs, started = [], threading.Barrier(2)

    def worker():
        runner = JobRunner(site, [hourly(lambda site: runs.append(1))])
        started.wait()
        runner.run_due()

    threads = [threading.Thread(target=worker) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert runs == [1]


def test_the_job_of_a_lost_worker_is_taken_over(site, clock):
    job = hourly(lambda site: None)
    runner = JobRunner(site, [job])
    runner._add([job.name])
    assert runner._lease(job)
    assert runner.run_due() == []
    clock.set(NOON + LEASE)
    assert runner.run_due() == ["test.job"]


def lease_of(site, name="test.job"):
    with site.work(write=False) as work:
        row = work.session.get(JobRun, name)
        return row.lease_id, row.locked_until


def test_a_long_job_keeps_its_lease_while_it_runs(site, clock, monkeypatch):
    monkeypatch.setattr(jobs, "RENEW_SECONDS", 0.01)
    runs = []

    def run(site):
        runs.append(1)
        lease_id, _until = lease_of(site)
        for minutes in range(1, 12):
            clock.set(NOON + timedelta(minutes=minutes))
            wait_until(lambda: lease_of(site) == (lease_id, site.clock.now() + LEASE))
            in_another_thread(JobRunner(site, [job]).run_due)

    job = hourly(run)
    assert JobRunner(site, [job]).run_due() == ["test.job"]
    assert runs == [1], "another worker repeats what still runs"
    with site.work(write=False) as work:
        # An assertion within the job fails the job alone.
        assert work.session.get(JobRun, "test.job").last_error == ""
    assert lease_of(site) == (None, None)


def in_another_thread(what):
    thread = threading.Thread(target=what)
    thread.start()
    thread.join()


def test_a_job_whose_lease_was_lost_writes_no_more_and_settles_nothing(site, clock):
    def be_lost(site):
        with site.work() as work:
            make_citizen(work)
        clock.advance(minutes=2)
        in_another_thread(JobRunner(site, [hourly(lambda site: None)]).run_due)
        try:
            with site.work() as work:
                make_citizen(work, "+989000000002")
        except Exception:
            pytest.fail("a job that passes over what failed goes on all the same")
        pytest.fail("it was written")

    assert JobRunner(site, [hourly(be_lost)]).run_due() == ["test.job"]
    assert count(site, User) == 1
    with site.work(write=False) as work:
        row = work.session.get(JobRun, "test.job")
        assert (row.last_error, row.next_at) == ("", NOON + timedelta(minutes=2, hours=1))


def test_a_job_that_knows_its_lease_is_lost_begins_nothing(site):
    runner = JobRunner(site, [])
    fence = LeaseGuard(lambda session: False)
    with behind(fence):
        with pytest.raises(LeaseLost), site.work():
            pass
        with pytest.raises(LeaseLost), site.work(write=False):
            pytest.fail("it began")
    assert runner.run_due() == []


def test_a_job_that_hangs_is_let_go_and_noted(site, clock, monkeypatch):
    monkeypatch.setattr(jobs, "RENEW_SECONDS", 0.01)
    monkeypatch.setitem(jobs.LONGEST, "usual", timedelta(0))

    def hang(site):
        wait_until(lambda: lease_of(site) == (None, None))

    assert JobRunner(site, [hourly(hang)]).run_due() == ["test.job"]
    with site.work(write=False) as work:
        row = work.session.get(JobRun, "test.job")
        assert (row.last_error[:7], row.failures, row.last_ok_at) == ("it hung", 1, None)


def test_a_lease_is_renewed_again_when_the_database_is_back():
    answers = iter([OSError("no route"), True, False])
    lost = threading.Event()

    def renew():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with renewing(renew, 0.001, lost):
        assert lost.wait(PATIENCE)
    assert next(answers, None) is None


def test_the_result_of_a_run_is_stored(site, clock):
    runs = iter([ValueError("a"), ValueError("b"), None])

    def run(site):
        with site.work(write=False) as work:
            row = work.session.get(JobRun, "test.job")
            assert (row.started_at, row.worker_id) == (site.clock.now(), "w1")
        problem = next(runs)
        if problem:
            raise problem

    runner = JobRunner(site, [hourly(run)], worker_id="w1")
    failures = []
    for _run in range(3):
        assert runner.run_due() == ["test.job"]
        with site.work(write=False) as work:
            row = work.session.get(JobRun, "test.job")
            assert (row.started_at, row.worker_id) == (None, None)
            assert row.last_seconds >= 0
            failures.append(row.failures)
        clock.advance(hours=1)
    assert failures == [1, 2, 0]


def test_the_jobs_of_a_lane_are_run_without_those_of_the_others(site):
    done = []
    lanes = ("usual", "messages", "long")
    jobs = [
        Job(name=lane, every=timedelta(hours=1), lane=lane, run=lambda site, lane=lane: done.append(lane))
        for lane in lanes
    ]
    runner = JobRunner(site, jobs)
    assert runner.run_due("long") == ["long"]
    assert runner.run_due() == ["messages", "usual"]
    assert done == ["long", "messages", "usual"]


class TestTimeOfDay:
    @pytest.fixture
    def nightly(self, site):
        """Return a runner of a job at three in the night, in the city's time, and its runs."""
        runs = []
        job = Job(name="test.job", at="03:00", run=lambda site: runs.append(site.clock.now()))
        return JobRunner(site, [job]), runs

    def at(self, site, day, hour, minute=0):
        return site.calendar.at(NOON.date() + timedelta(days=day), time(hour, minute))

    def test_it_runs_once_a_day_at_its_hour(self, site, clock, nightly):
        runner, runs = nightly
        for day in range(1, 4):
            clock.set(self.at(site, day, 2, 59))
            assert runner.run_due() == []
            clock.set(self.at(site, day, 3))
            assert runner.run_due() == ["test.job"]
            # A restart, and another worker.
            assert JobRunner(site, runner.jobs.values()).run_due() == []
        assert runs == [self.at(site, day, 3) for day in range(1, 4)]

    def test_a_missed_run_is_run_once(self, site, clock, nightly):
        runner, _runs = nightly
        assert runner.run_due() == [], "the day on which it was added has had its hour"
        clock.set(self.at(site, 3, 9))
        assert runner.run_due() == ["test.job"]
        assert runner.run_due() == []
        clock.set(self.at(site, 4, 3))
        assert runner.run_due() == ["test.job"]

    def test_a_run_past_midnight_skips_no_day(self, site, clock):
        def run(site):
            clock.set(self.at(site, 1, 0, 10))

        runner = JobRunner(site, [Job(name="test.job", at="23:50", run=run)])
        runner.run_due()
        clock.set(self.at(site, 0, 23, 50))
        assert runner.run_due() == ["test.job"]
        clock.set(self.at(site, 1, 23, 50))
        assert runner.run_due() == ["test.job"]

    def test_a_clock_that_was_wrong_for_a_while_costs_no_run(self, site, clock, nightly):
        runner, _runs = nightly
        runner.run_due()
        clock.set(self.at(site, 400, 12))
        assert runner.run_due() == ["test.job"]
        clock.set(self.at(site, 1, 2))
        assert runner.run_due() == []
        clock.set(self.at(site, 1, 3))
        assert runner.run_due() == ["test.job"]

    def test_a_worker_whose_clock_is_behind_runs_it_no_second_time(self, site, clock, nightly):
        runner, runs = nightly
        runner.run_due()
        clock.set(self.at(site, 1, 3))
        assert runner.run_due() == ["test.job"]
        clock.advance(seconds=-3)
        assert runner.run_due() == []
        clock.advance(seconds=10)
        assert runner.run_due() == []
        assert len(runs) == 1

    def test_a_job_with_a_pause_is_not_waited_for_longer_than_that(self, site, clock):
        runner = JobRunner(site, [hourly(lambda site: None)])
        clock.set(NOON + timedelta(days=400))
        assert runner.run_due() == ["test.job"]
        clock.set(NOON)
        assert runner.run_due() == []
        clock.advance(hours=1)
        assert runner.run_due() == ["test.job"]


def test_the_core_registers_its_cleanup_jobs(site, clock):
    runner = JobRunner(site)
    assert set(runner.jobs) >= {job.name for job in JOBS}
    done = set(runner.run_due())
    clock.advance(days=1)
    assert done | set(runner.run_due()) >= {job.name for job in JOBS}


def test_limits_that_have_ended_are_forgotten(site, clock):
    site.limits.hit("submit_address", "10.0.0.1")
    clean_limits(site)
    assert count(site, LimitHit) == 1
    clock.advance(hours=2)
    clean_limits(site)
    assert count(site, LimitHit) == 0


def challenge(ends):
    return OtpChallenge(
        nonce=b"n" * 16,
        purpose="login",
        mobile="+989000000001",
        cookie_hash="c",
        created_at=NOON,
        expires_at=ends,
    )


def test_sessions_and_codes_that_have_ended_are_deleted(site, clock):
    with site.work() as work:
        for number, ends in enumerate((NOON + timedelta(minutes=1), NOON + timedelta(days=9))):
            work.session.add(
                Session(
                    token_hash=f"{number}",
                    realm="visitor",
                    created_at=NOON,
                    last_seen_at=NOON,
                    expires_at=ends,
                )
            )
            work.session.add(challenge(ends))
    clock.advance(days=2)
    clean_sessions(site)
    clean_codes(site)
    assert (count(site, Session), count(site, OtpChallenge)) == (1, 1)


def test_expired_data_is_removed_from_a_valid_session(site, clock, monkeypatch):
    monkeypatch.setattr(cleanup, "BATCH", 2)
    with site.work() as work:
        service, user = work.get(SessionService), make_citizen(work)
        tokens = [service.open("citizen", user) for _ in range(5)]
        for token in tokens:
            service.keep_visitor_data(token, "short", "گفته")
        service.keep_visitor_data(tokens[4], "long", "مانده", timedelta(hours=3))
        work.get(SessionService).open("citizen", user)
    clock.advance(hours=1)
    clean_session_values(site)
    with site.work(write=False) as work:
        kept = work.session.scalars(select(Session.data).order_by(Session.id)).all()
    assert [list(data) for data in kept] == [[], [], [], [], ["long"], []]


@pytest.fixture
def held_code(site):
    """More old codes than are deleted at once, and a row that holds the last of them."""
    with site.work() as work:
        codes = [challenge(NOON + timedelta(seconds=second)) for second in range(BATCH + 3)]
        work.session.add_all(codes)
        work.session.flush()
        work.session.execute(text("CREATE TABLE holds (code INTEGER REFERENCES otp_challenges (id))"))
        work.session.execute(text("INSERT INTO holds VALUES (:code)"), {"code": codes[-1].id})
    yield
    with site.work() as work:
        work.session.execute(text("DROP TABLE holds"))


def test_what_keeps_one_code_keeps_neither_the_codes_before_it_nor_old_invitations(site, clock, held_code):
    with site.work() as work:
        work.session.add(
            Invitation(
                token_hash="t",
                purpose="join",
                username="sara",
                mobile="+989000000001",
                created_at=NOON,
                expires_at=NOON,
            )
        )
    runner = JobRunner(site)
    runner.run_due()
    clock.advance(days=31)
    runner.run_due()
    assert (count(site, OtpChallenge), count(site, Invitation)) == (3, 0)


def test_jobs_that_are_no_longer_registered_are_deleted(site, clock):
    JobRunner(site).run_due()
    with site.work() as work:
        work.session.add(JobRun(name="gone.job", next_at=NOON))
        work.session.add(JobRun(name="newer.job", next_at=NOON + timedelta(days=2)))
    clock.advance(days=1)
    JobRunner(site).run_due()
    with site.work(write=False) as work:
        names = set(work.session.scalars(select(JobRun.name)))
    assert "gone.job" in names, "a worker of newer code may be about to run it"
    clock.advance(days=1, minutes=1)
    JobRunner(site).run_due()
    with site.work(write=False) as work:
        names = set(work.session.scalars(select(JobRun.name)))
    assert names == {*registered(site), "newer.job"}


@pytest.fixture
def pictures(site):
    """One picture of each sort, by name, with its files."""
    keys = {name: new_key() for name in ("waiting", "claimed", "of a plugin", "orphan")}
    for key in keys.values():
        site.storage.put(key, b"large")
        site.storage.put(f"{key}.small", b"small")
    with site.work() as work:
        case = make_case(work)
        owners = {"waiting": "owner", "claimed": "owner", "of a plugin": ""}
        for name, owner in owners.items():
            work.session.add(
                Attachment(
                    key=keys[name],
                    owner=owner,
                    case_id=case.id if name == "claimed" else None,
                    content_type="image/jpeg",
                    width=1,
                    height=1,
                    size=5,
                    sha256="",
                    created_at=work.clock.now(),
                )
            )
    return keys


def left(site, keys):
    return {
        name for name, key in keys.items() if site.storage.exists(key) and site.storage.exists(f"{key}.small")
    }


def test_young_pictures_stay(site, pictures):
    clean_attachments(site)
    assert left(site, pictures) == set(pictures)


def test_unclaimed_pictures_and_files_without_a_row_go(site, pictures, clock):
    # Files bear the machine's time, which the test's clock must have passed.
    clock.set(datetime.now(UTC))
    clock.advance(days=2)
    clean_attachments(site)
    assert left(site, pictures) == {"claimed", "of a plugin"}
    assert count(site, Attachment) == 2
