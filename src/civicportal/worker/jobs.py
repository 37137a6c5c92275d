"""Running jobs: whoever writes its lease into a job's row runs it, all others pass by."""

import logging
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select, update

from civicportal.jobs import Job, JobRun, registered
from civicportal.logging import mask

if TYPE_CHECKING:
    from civicportal.site import Site

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)
"""A job that takes longer may be begun by another worker, so jobs cut their work into pieces."""


class JobRunner:
    """The jobs of a site.

    :param jobs: those that core and plugins register if None.
    """

    def __init__(self, site: "Site", jobs: Iterable[Job] | None = None) -> None:
        self.site = site
        self.jobs = registered(site) if jobs is None else {job.name: job for job in jobs}

    def run_due(self) -> list[str]:
        """Run every job that is due and that nobody else runs.

        :returns: the names of those that were run, in vain or not.
        """
        known = self._known()
        # A row may go while the worker runs: a backup that is restored replaces them all.
        if self._add(sorted(self.jobs.keys() - known.keys())):
            known = self._known()
        return [name for name, is_due in known.items() if is_due and self._run(self.jobs[name])]

    def _known(self) -> dict[str, bool]:
        """Return which jobs have a row and whether each is due, the longest waiting first."""
        is_due = and_(*_is_free(self.site.clock.now()))
        rows = select(JobRun.name, is_due).where(JobRun.name.in_(self.jobs)).order_by(JobRun.next_at)
        with self.site.work(write=False) as work:
            return dict(work.session.execute(rows).all())

    def _add(self, missing: list[str]) -> bool:
        if not missing:
            return False
        with self.site.work() as work:
            rows = [{"name": name, "next_at": work.clock.now(), "last_error": ""} for name in missing]
            work.session.execute(self.site.engines.insert(JobRun).values(rows).on_conflict_do_nothing())
        return True

    def _run(self, job: Job) -> bool:
        lease_id = self._lease(job)
        if lease_id is None:
            return False
        error = ""
        try:
            job.run(self.site)
        except Exception as problem:
            log.exception("the job %s failed", job.name)
            error = mask(f"{type(problem).__name__}: {problem}")[:300]
        self._settle(job, lease_id, error)
        return True

    def _lease(self, job: Job) -> str | None:
        now, lease_id = self.site.clock.now(), secrets.token_hex(16)
        with self.site.work() as work:
            taken = work.session.scalar(
                update(JobRun)
                .where(JobRun.name == job.name, *_is_free(now))
                .values(lease_id=lease_id, locked_until=now + LEASE)
                .returning(JobRun.name)
                .execution_options(synchronize_session=False)
            )
        return lease_id if taken else None

    def _settle(self, job: Job, lease_id: str, error: str) -> None:
        now = self.site.clock.now()
        values: dict[str, Any] = {"next_at": now + job.every, "last_error": error}
        if not error:
            values["last_ok_at"] = now
        with self.site.work() as work:
            work.session.execute(
                update(JobRun)
                .where(JobRun.lease_id == lease_id)
                .values(lease_id=None, locked_until=None, **values)
                .execution_options(synchronize_session=False)
            )


def _is_free(now: Any) -> tuple[Any, ...]:
    return JobRun.next_at <= now, or_(JobRun.locked_until.is_(None), JobRun.locked_until <= now)
