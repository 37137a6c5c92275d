"""Cleanup of exports."""

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, or_, select

from civicportal.core.jobs import Job
from civicportal.domain.exports.models import RUNNING, ExportJob
from civicportal.domain.exports.services import KEPT
from civicportal.util.folders import delete_left_behind

if TYPE_CHECKING:
    from civicportal.core.site import Site


def clean_exports(site: "Site") -> None:
    """Delete expired exports, then their files, and what killed processes have left.

    Orphaned files are cleaned up later.
    """
    now = site.clock.now()
    over = ExportJob.state.not_in(RUNNING)
    old = select(ExportJob.id).where(
        over, or_(ExportJob.expires_at <= now, ExportJob.finished_at <= now - KEPT)
    )
    with site.work() as work:
        files = work.session.scalars(
            delete(ExportJob)
            .where(ExportJob.id.in_(old))
            .returning(ExportJob.file)
            .execution_options(synchronize_session=False)
        ).all()
    for key in files:
        if key:
            site.storage.delete(key)
    delete_left_behind("export")


JOBS = (Job(name="core.exports", every=timedelta(hours=1), run=clean_exports),)
