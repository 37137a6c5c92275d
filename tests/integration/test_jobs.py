"""Jobs are run once when they are due, whoever runs them; the sweepers delete what nobody needs."""

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select, text

from civicportal import sweepers
from civicportal.accounts.models import Invitation, OtpChallenge, Session
from civicportal.accounts.sessions import SessionService
from civicportal.cases.models import Attachment
from civicportal.jobs import Job, JobRun, registered
from civicportal.limits import LimitHit
from civicportal.storage import new_key
from civicportal.sweepers import (
    BATCH,
    JOBS,
    sweep_attachments,
    sweep_codes,
    sweep_kept,
    sweep_limits,
    sweep_sessions,
)
from civicportal.testing import NOON, make_case, make_citizen
from civicportal.worker.jobs import LEASE, JobRunner


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


def test_a_job_whose_row_has_gone_meanwhile_is_run_all_the_same(site):
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

from civicportal.jobs import Job
from civicportal.site import Site
from civicportal.worker.jobs import JobRunner


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


def test_the_core_registers_its_sweepers(site):
    assert set(JobRunner(site).jobs) >= {job.name for job in JOBS}
    assert set(JobRunner(site).run_due()) >= {job.name for job in JOBS}


def test_limits_that_have_ended_are_forgotten(site, clock):
    site.limits.hit("submit_address", "10.0.0.1")
    sweep_limits(site)
    assert count(site, LimitHit) == 1
    clock.advance(hours=2)
    sweep_limits(site)
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
                    door="visitor",
                    created_at=NOON,
                    last_seen_at=NOON,
                    expires_at=ends,
                )
            )
            work.session.add(challenge(ends))
    clock.advance(days=2)
    sweep_sessions(site)
    sweep_codes(site)
    assert (count(site, Session), count(site, OtpChallenge)) == (1, 1)


def test_what_a_browser_kept_goes_when_its_time_is_over_though_the_session_goes_on(site, clock, monkeypatch):
    monkeypatch.setattr(sweepers, "BATCH", 2)
    with site.work() as work:
        service, user = work.get(SessionService), make_citizen(work)
        tokens = [service.open("citizen", user) for _ in range(5)]
        for token in tokens:
            service.keep_visitor_data(token, "short", "گفته")
        service.keep_visitor_data(tokens[4], "long", "مانده", timedelta(hours=3))
        work.get(SessionService).open("citizen", user)
    clock.advance(hours=1)
    sweep_kept(site)
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
    clock.advance(days=31)
    JobRunner(site).run_due()
    assert (count(site, OtpChallenge), count(site, Invitation)) == (3, 0)


def test_jobs_that_nobody_registers_any_more_are_forgotten(site, clock):
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
    sweep_attachments(site)
    assert left(site, pictures) == set(pictures)


def test_unclaimed_pictures_and_files_without_a_row_go(site, pictures, clock):
    # Files bear the machine's time, which the test's clock must have passed.
    clock.set(datetime.now(UTC))
    clock.advance(days=2)
    sweep_attachments(site)
    assert left(site, pictures) == {"claimed", "of a plugin"}
    assert count(site, Attachment) == 2
