"""The job that builds open data, and building at once."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import update

from civicportal.core.jobs import Job, JobRun
from civicportal.portal.opendata.building import BuildProgress, build
from civicportal.portal.worker.jobs import JobRunner

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

NAME = "core.open-data"


def jobs(site: "Site") -> Sequence[Job]:
    """Return the nightly build, if the site publishes open data."""
    table = site.settings["open_data"]
    return (_job(site),) if table["enabled"] else ()


def _job(site: "Site", progress: BuildProgress = lambda _name, _rows: None) -> Job:
    run = partial(build, progress=progress)
    return Job(name=NAME, at=site.settings["open_data"]["at"], lane="long", run=run)


def request_build(work: "Work") -> None:
    """Make the build due, so that a worker runs it within a minute."""
    now = work.clock.now()
    insert = work.site.engines.insert(JobRun).values(name=NAME, next_at=now, last_error="")
    work.session.execute(insert.on_conflict_do_nothing())
    work.session.execute(
        update(JobRun).where(JobRun.name == NAME).values(next_at=now),
        execution_options={"synchronize_session": False},
    )


def run_now(site: "Site", progress: BuildProgress) -> bool:
    """Build in this process, unless a worker is building.

    :returns: whether it was built; the last :class:`~civicportal.portal.opendata.models.DataBuild` says how it ended.
    """
    with site.work() as work:
        request_build(work)
    return bool(JobRunner(site, [_job(site, progress)]).run_due())
