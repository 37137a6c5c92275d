"""Heartbeat of the worker processes.

Pages, monitoring and ``check`` detect by it whether any worker runs.
"""

import os
import secrets
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import JSON, Integer, String, delete, func, select, update
from sqlalchemy.orm import Mapped

from civicportal import __version__
from civicportal.core.db import Base, changed_rows, tagged_column
from civicportal.core.jobs import JobRun
from civicportal.core.work import Service
from civicportal.domain.notifications.gate import SendingGateService

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

BEAT_SECONDS = 10.0
GONE_AFTER = timedelta(minutes=2)
"""A worker without a heartbeat for this long is considered lost."""
KEEP = timedelta(days=1)
"""Rows of ended workers are shown on the health page for this long."""


class WorkerProcess(Base):
    """A worker process that runs, or ran recently."""

    __tablename__ = "workers"

    id: Mapped[str] = tagged_column(String(32), primary_key=True)
    host: Mapped[str] = tagged_column(String(100))
    pid: Mapped[int] = tagged_column(Integer)
    version: Mapped[str] = tagged_column(String(40))
    #: Names of its threads: lanes of messages and of jobs, exports.
    lanes: Mapped[list[str]] = tagged_column(JSON)
    started_at: Mapped[datetime] = tagged_column()
    seen_at: Mapped[datetime] = tagged_column(index=True)
    #: When it ended regularly; None if it runs or was lost.
    stopped_at: Mapped[datetime | None] = tagged_column()


class WorkerService(Service):
    """Queries the worker processes."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.now = work.clock.now()

    def all(self) -> Sequence[WorkerProcess]:
        """Return the workers of the last day, most recently seen first."""
        query = select(WorkerProcess).order_by(WorkerProcess.seen_at.desc(), WorkerProcess.id)
        return self.session.scalars(query.limit(50)).all()

    def last_seen(self) -> datetime | None:
        """Return when any worker was seen last, None if none ever was."""
        return self.session.scalar(select(func.max(WorkerProcess.seen_at)))

    def count_running(self) -> int:
        """Return the number of running workers."""
        running = (WorkerProcess.stopped_at.is_(None), WorkerProcess.seen_at > self.now - GONE_AFTER)
        return self.session.scalar(select(func.count()).where(*running)) or 0

    @property
    def is_any_running(self) -> bool:
        """Return whether a worker was seen within two minutes.

        Thus restarting the only one fires no alert.
        """
        last = self.last_seen()
        return last is not None and last > self.now - GONE_AFTER

    def is_lost(self, worker: WorkerProcess) -> bool:
        """Return whether the heartbeat of a worker stopped without a regular end."""
        return worker.stopped_at is None and worker.seen_at <= self.now - GONE_AFTER

    def running_jobs(self) -> Sequence[JobRun]:
        """Return the running jobs, oldest first."""
        held = select(JobRun).where(JobRun.lease_id.is_not(None), JobRun.locked_until > self.now)
        return self.session.scalars(held.order_by(JobRun.started_at, JobRun.name)).all()


class Heartbeat:
    """Writes the row of this worker process.

    :param lanes: names of its threads.
    """

    def __init__(self, site: "Site", lanes: Sequence[str]) -> None:
        self.site = site
        self.id = secrets.token_hex(16)
        self._values = {
            "host": socket.gethostname()[:100],
            "pid": os.getpid(),
            "version": __version__,
            "lanes": list(lanes),
            "started_at": site.clock.now(),
        }

    def beat(self) -> None:
        """Write the heartbeat, and delete workers that ended a day ago."""
        with self.site.work() as work:
            now = work.clock.now()
            mine = update(WorkerProcess).where(WorkerProcess.id == self.id).values(seen_at=now)
            # A restored backup replaces the rows.
            if not changed_rows(work.session.execute(mine)):
                work.session.add(WorkerProcess(id=self.id, seen_at=now, **self._values))
            work.session.execute(delete(WorkerProcess).where(WorkerProcess.seen_at < now - KEEP))
            work.get(SendingGateService).seen()

    def end(self) -> None:
        """Record the regular end of this worker."""
        with self.site.work() as work:
            now = work.clock.now()
            mine = update(WorkerProcess).where(WorkerProcess.id == self.id)
            work.session.execute(mine.values(seen_at=now, stopped_at=now))
