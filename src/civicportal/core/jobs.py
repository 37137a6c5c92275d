"""Background jobs: registration, due times, leases."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Literal, get_args

from sqlalchemy import Float, Integer, String
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, tagged_column
from civicportal.core.plugins import CORE, collect
from civicportal.util.calendar.local import LocalDates
from civicportal.util.errors import ConfigurationError

if TYPE_CHECKING:
    from civicportal.core.site import Site

JobLane = Literal["messages", "usual", "long"]
"""Queue of a recurring job."""
JOB_LANES: tuple[JobLane, ...] = get_args(JobLane)
LONGEST: dict[str, timedelta] = {
    "messages": timedelta(minutes=10),
    "usual": timedelta(hours=1),
    "long": timedelta(days=1),
}
"""A run that takes longer is taken to hang: its lease is renewed no more, so that another worker can run the job."""
CLOCKS_DIFFER = timedelta(minutes=1)
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Job:
    """Recurring work of the worker: at an interval or once a day.

    :ivar name: ``<plugin>.<what>``, unique.
    :ivar run: called outside any transaction; opens its own units of work. One worker at a time runs it.
    :ivar every: interval between the end of one run and the start of the next.
    :ivar at: time of day in the city's time zone, ``"03:00"``. There is one run a day. A run that was missed because no
        worker ran is run once, as soon as a worker runs. The first run is at the first such time after the job
        was added.
    :ivar lane: the jobs of one lane run one after the other, different lanes run in parallel. "messages" is for quick
        jobs that people wait for, such as fetching SMS; "long" for jobs that may take minutes or hours; "usual"
        for all others. A run that takes longer than 10 minutes, 1 hour or, in "long", 24 hours counts as hanging.
    """

    name: str
    run: Callable[["Site"], None]
    every: timedelta | None = None
    at: str = ""
    lane: JobLane = "usual"

    @property
    def flaw(self) -> str:
        """Return the error in the definition, or an empty text."""
        if self.lane not in JOB_LANES:
            return f"lane: {self.lane!r} is none of {', '.join(JOB_LANES)}"
        if (self.every is None) == (not self.at):
            return "one of every and at says when it runs, not both"
        if self.every is not None and self.every <= timedelta(0):
            return f"every: {self.every} is no pause"
        if self.at and not _TIME_OF_DAY.fullmatch(self.at):
            return f"at: {self.at!r} is no time of day such as 03:00"
        return ""

    def first_due(self, now: datetime, calendar: LocalDates) -> datetime:
        """Return when a newly added job is due."""
        return next_time_of_day(self.at, now, calendar) if self.every is None else now

    def next_due(self, after: datetime, calendar: LocalDates) -> datetime:
        """Return when the job is due again.

        :param after: the end of a run; for a daily job its start, so that a run that ends after midnight skips no day.
        """
        return next_time_of_day(self.at, after, calendar) if self.every is None else after + self.every

    def is_plausible(self, next_at: datetime, now: datetime, calendar: LocalDates) -> bool:
        """Return whether a due time is plausible.

        A wrong clock or an older schedule writes implausible ones.

        The clocks of two workers may differ slightly: for the slower one, a daily job has run before its time.
        """
        due = self.next_due(now, calendar)
        if self.every is not None:
            return next_at <= due + CLOCKS_DIFFER
        return next_at <= now or next_at in (due, self.next_due(due, calendar))


def next_time_of_day(text: str, after: datetime, calendar: LocalDates) -> datetime:
    """Return the next occurrence of a local time, in UTC.

    A time skipped by the change to summer time is taken with the previous offset: 02:30 is then 03:30. If a time occurs
    twice, the first is returned.

    :param text: ``"03:00"``.
    """
    day, clock = calendar.today(after), time.fromisoformat(text)
    while (moment := calendar.at(day, clock)) <= after:
        day += timedelta(days=1)
    return moment


def registered(site: "Site") -> dict[str, Job]:
    """Return the jobs of core, plugins and site by name.

    :raises ConfigurationError: when two have the same name, or the schedule of one is invalid.
    """
    jobs: dict[str, Job] = collect(
        site.hooks, "register_jobs", lambda job: job.name, owners=site.owners, site=site
    )
    owners = site.owners["register_jobs"]
    flaws = [
        f"plugin {owners[job.name]!r}, the job {job.name!r}: {job.flaw}: correct it in register_jobs"
        for job in jobs.values()
        if job.flaw
    ]
    flaws += [
        f"plugin {owner!r}, the job {name!r}: its name must begin with {owner}."
        for name, owner in owners.items()
        if owner not in (CORE, "site") and not name.startswith(f"{owner}.")
    ]
    if flaws:
        raise ConfigurationError("\n".join(flaws))
    return jobs


class JobRun(Base):
    """Due time, lease and last result of a job."""

    __tablename__ = "job_runs"

    name: Mapped[str] = tagged_column(String(80), primary_key=True)
    next_at: Mapped[datetime] = tagged_column()
    locked_until: Mapped[datetime | None] = tagged_column()
    lease_id: Mapped[str | None] = tagged_column(String(32))
    #: Start of the current run; None if it is not running.
    started_at: Mapped[datetime | None] = tagged_column()
    #: The worker that runs it, see :class:`civicportal.portal.worker.heartbeat.WorkerProcess`.
    worker_id: Mapped[str | None] = tagged_column(String(32))
    last_ok_at: Mapped[datetime | None] = tagged_column()
    #: Duration of the last completed run, in seconds.
    last_seconds: Mapped[float | None] = tagged_column(Float)
    #: Failed runs since the last success.
    failures: Mapped[int] = tagged_column(Integer, default=0, server_default="0")
    last_error: Mapped[str] = tagged_column(String(300), default="")
