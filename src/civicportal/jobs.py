"""Work that repeats: the registry entry, and the row by which several workers agree who runs it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import String
from sqlalchemy.orm import Mapped

from civicportal.db import Base, tagged
from civicportal.plugins import collect

if TYPE_CHECKING:
    from civicportal.site import Site


@dataclass(frozen=True, kw_only=True)
class Job:
    """Something the worker does again and again.

    :ivar every: pause between the end of one run and the start of the next.
    :ivar run: called outside any transaction; opens its own units of work.
    """

    name: str
    every: timedelta
    run: Callable[["Site"], None]


def registered(site: "Site") -> dict[str, Job]:
    """Return the jobs of core, plugins and site by their names.

    :raises ConfigurationError: when two register one name.
    """
    return collect(site.hooks, "register_jobs", lambda job: job.name, site=site)


class JobRun(Base):
    """When a job is due and who runs it."""

    __tablename__ = "job_runs"

    name: Mapped[str] = tagged(String(80), primary_key=True)
    next_at: Mapped[datetime] = tagged()
    locked_until: Mapped[datetime | None] = tagged()
    lease_id: Mapped[str | None] = tagged(String(32))
    last_ok_at: Mapped[datetime | None] = tagged()
    last_error: Mapped[str] = tagged(String(300), default="")
