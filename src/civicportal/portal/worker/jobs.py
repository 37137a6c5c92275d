"""Running of jobs under leases.

A worker writes its lease to a job's row, runs the job and renews the lease during the run.
"""

import logging
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, or_, select, update

from civicportal.core.db import changed_rows
from civicportal.core.jobs import JOB_LANES, LONGEST, Job, JobLane, JobRun, registered
from civicportal.core.leases import LeaseGuard, LeaseLost, behind, renewing
from civicportal.core.logging import mask
from civicportal.util.values import Values

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from civicportal.core.site import Site

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""Seconds after which the job of a lost worker is run by another."""
RENEW_SECONDS = 20.0
_PLAIN = {"synchronize_session": False}


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of a job under a lease.

    :ivar at: when it began.
    :ivar since: the same by the monotonic clock, in seconds.
    """

    job: Job
    lease_id: str
    at: datetime
    since: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Return the duration so far."""
        return time.monotonic() - self.since

    def holds_lease(self, session: "Session") -> bool:
        """Return whether the lease is still held.

        No other worker can take it until the transaction ends.
        """
        held = select(JobRun.name).where(JobRun.lease_id == self.lease_id).with_for_update(read=True)
        return session.scalar(held) is not None


class JobRunner:
    """Runs the jobs of a site.

    :param jobs: the jobs; all registered ones if None.
    :param worker_id: id of the worker process.
    """

    def __init__(self, site: "Site", jobs: Iterable[Job] | None = None, worker_id: str | None = None) -> None:
        self.site = site
        self.worker_id = worker_id
        self.jobs = registered(site) if jobs is None else {job.name: job for job in jobs}

    def run_due(self, lane: JobLane | None = None) -> list[str]:
        """Run all due jobs, one after the other.

        :param lane: run only jobs of this lane; of all lanes if None.
        :returns: the names of the jobs that were run, including failed ones.
        """
        lanes = JOB_LANES if lane is None else (lane,)
        return [
            name
            for one in lanes
            for name in self._due({name: job for name, job in self.jobs.items() if job.lane == one})
            if self._run(self.jobs[name])
        ]

    def _due(self, jobs: dict[str, Job]) -> list[str]:
        """Return the due jobs, longest waiting first."""
        known = self._known(jobs)
        # A row may disappear while the worker runs: a restored backup replaces them all.
        if self._add(jobs.keys() - known.keys()) | self._correct(known):
            known = self._known(jobs)
        now = self.site.clock.now()
        return [name for name, (next_at, is_free) in known.items() if is_free and next_at <= now]

    def _known(self, jobs: Iterable[str]) -> dict[str, tuple[datetime, bool]]:
        """Return the due times of jobs, and whether they run."""
        free = _is_free(self.site.clock.now())
        rows = select(JobRun.name, JobRun.next_at, free).where(JobRun.name.in_(jobs)).order_by(JobRun.next_at)
        with self.site.work(write=False) as work:
            return {name: (next_at, is_free) for name, next_at, is_free in work.session.execute(rows)}

    def _add(self, missing: Iterable[str]) -> bool:
        now = self.site.clock.now()
        rows = [
            {
                "name": name,
                "next_at": self.jobs[name].first_due(now, self.site.calendar),
                "last_error": "",
            }
            for name in sorted(missing)
        ]
        if not rows:
            return False
        with self.site.work() as work:
            work.session.execute(self.site.engines.insert(JobRun).values(rows).on_conflict_do_nothing())
        return True

    def _correct(self, known: dict[str, tuple[datetime, bool]]) -> bool:
        """Correct due times that are too far ahead."""
        now, calendar = self.site.clock.now(), self.site.calendar
        wrong = {
            name: next_at
            for name, (next_at, _free) in known.items()
            if not self.jobs[name].is_plausible(next_at, now, calendar)
        }
        if not wrong:
            return False
        with self.site.work() as work:
            for name, next_at in wrong.items():
                unchanged = (JobRun.name == name, JobRun.next_at == next_at)
                due = self.jobs[name].next_due(now, calendar)
                work.session.execute(
                    update(JobRun).where(*unchanged).values(next_at=due), execution_options=_PLAIN
                )
        return True

    def _run(self, job: Job) -> bool:
        run = self._lease(job)
        if run is None:
            return False
        fence = LeaseGuard(run.holds_lease)
        error = ""
        try:
            with renewing(lambda: self._renew(run), RENEW_SECONDS, fence.lost), behind(fence):
                job.run(self.site)
        except LeaseLost:
            log.error("the job %s was stopped: this worker has lost its lease", job.name)
            return True
        except Exception as problem:
            log.exception("the job %s failed", job.name)
            error = mask(f"{type(problem).__name__}: {problem}")[:300]
        self._settle(run, error)
        return True

    def _lease(self, job: Job) -> Run | None:
        now, lease_id = self.site.clock.now(), secrets.token_hex(16)
        with self.site.work() as work:
            taken = work.session.execute(
                update(JobRun)
                .where(JobRun.name == job.name, JobRun.next_at <= now, _is_free(now))
                .values(
                    lease_id=lease_id, locked_until=now + LEASE, started_at=now, worker_id=self.worker_id
                ),
                execution_options=_PLAIN,
            )
            is_taken = changed_rows(taken)
        return Run(job=job, lease_id=lease_id, at=now) if is_taken else None

    def _renew(self, run: Run) -> bool:
        """Renew the lease of a run."""
        longest = LONGEST[run.job.lane]
        if run.seconds > longest.total_seconds():
            log.error("the job %s hangs: it has been running for %s", run.job.name, longest)
            self._settle(run, f"it hung: it was running for more than {longest}")
            return False
        values = {"locked_until": self.site.clock.now() + LEASE}
        return self._write(run, values)

    def _settle(self, run: Run, error: str) -> None:
        now = self.site.clock.now()
        begun = run.at if run.job.at else now
        values: dict[str, object] = {
            "next_at": run.job.next_due(begun, self.site.calendar),
            "lease_id": None,
            "locked_until": None,
            "started_at": None,
            "worker_id": None,
            "last_error": error,
            "last_seconds": run.seconds,
            "failures": JobRun.failures + 1 if error else 0,
        }
        if not error:
            values["last_ok_at"] = now
        if not self._write(run, values):
            log.error("the job %s has ended under a lease that was lost", run.job.name)

    def _write(self, run: Run, values: Values) -> bool:
        """Change a run's row; return whether its lease is still held."""
        with self.site.work() as work:
            mine = update(JobRun).where(JobRun.lease_id == run.lease_id).values(**values)
            return changed_rows(work.session.execute(mine, execution_options=_PLAIN)) > 0


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(JobRun.locked_until.is_(None), JobRun.locked_until <= now)
