"""Background jobs: what plugins register, when each is due, and the row by which workers agree who runs it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Literal, get_args

from sqlalchemy import Float, Integer, String
from sqlalchemy.orm import Mapped

from civicportal.calendar.local import LocalDates
from civicportal.db import Base, tagged
from civicportal.errors import ConfigurationError
from civicportal.plugins import collect

if TYPE_CHECKING:
    from civicportal.site import Site

JobLane = Literal["messages", "usual", "long"]
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
    """Work that the worker repeats: either after a pause or once a day.

    :ivar name: ``<plugin>.<what>``, unique.
    :ivar run: called outside any transaction; opens its own units of work. One worker at a time runs it.
    :ivar every: pause between the end of one run and the start of the next.
    :ivar at: time of day in the city's time zone, ``"03:00"``. Each day has one run. One that was missed because no
        worker ran is made up for once, as soon as a worker runs. The first is on the first such time after the job
        was added.
    :ivar lane: the jobs of a lane run one after the other, those of two lanes side by side. "messages" is for quick
        jobs that somebody waits for, such as fetching SMS; "long" for jobs that may take minutes or hours; "usual"
        for all others. A run that takes longer than 10 minutes, 1 hour or, in "long", 24 hours is taken to hang.
    """

    name: str
    run: Callable[["Site"], None]
    every: timedelta | None = None
    at: str = ""
    lane: JobLane = "usual"

    @property
    def flaw(self) -> str:
        """Return what is wrong with it, empty if nothing is."""
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
        """Return when a job that was just added is due."""
        return next_time_of_day(self.at, now, calendar) if self.every is None else now

    def next_due(self, after: datetime, calendar: LocalDates) -> datetime:
        """Return when it is due again.

        :param after: the end of a run; of a daily job its beginning, so that one that ends after midnight skips no day.
        """
        return next_time_of_day(self.at, after, calendar) if self.every is None else after + self.every

    def is_plausible(self, next_at: datetime, now: datetime, calendar: LocalDates) -> bool:
        """Return False for a due time that a wrong clock or an older schedule has written.

        The clocks of two workers may differ a little: for the one behind, a daily job has run before its time.
        """
        due = self.next_due(now, calendar)
        if self.every is not None:
            return next_at <= due + CLOCKS_DIFFER
        return next_at <= now or next_at in (due, self.next_due(due, calendar))


def next_time_of_day(text: str, after: datetime, calendar: LocalDates) -> datetime:
    """Return when the city's clock next shows a time, in UTC.

    A time that a change of the clocks skips is taken as if they had not been changed yet: 02:30 is then 03:30. Of a
    time that comes twice it is the first.

    :param text: ``"03:00"``.
    """
    day, clock = calendar.today(after), time.fromisoformat(text)
    while (moment := calendar.at(day, clock)) <= after:
        day += timedelta(days=1)
    return moment


def registered(site: "Site") -> dict[str, Job]:
    """Return the jobs of core, plugins and site by their names.

    :raises ConfigurationError: when two register one name, or one says nonsense of when it runs.
    """
    jobs: dict[str, Job] = collect(site.hooks, "register_jobs", lambda job: job.name, site=site)
    flaws = [f"register_jobs: {job.name!r}: {job.flaw}" for job in jobs.values() if job.flaw]
    if flaws:
        raise ConfigurationError("\n".join(flaws))
    return jobs


class JobRun(Base):
    """When a job is due, who runs it, and how the last run went."""

    __tablename__ = "job_runs"

    name: Mapped[str] = tagged(String(80), primary_key=True)
    next_at: Mapped[datetime] = tagged()
    locked_until: Mapped[datetime | None] = tagged()
    lease_id: Mapped[str | None] = tagged(String(32))
    #: Of the run under way; None where none is.
    started_at: Mapped[datetime | None] = tagged()
    #: The worker that has it under way, see :class:`civicportal.worker.heartbeat.WorkerProcess`.
    worker_id: Mapped[str | None] = tagged(String(32))
    last_ok_at: Mapped[datetime | None] = tagged()
    #: Of the last run that ended, in seconds.
    last_seconds: Mapped[float | None] = tagged(Float)
    #: Runs that failed since the last that did not.
    failures: Mapped[int] = tagged(Integer, default=0, server_default="0")
    last_error: Mapped[str] = tagged(String(300), default="")
