"""Exports of the administrator: one that is ready, and one that is half written."""

from portal import Portal
from sqlalchemy import select

from civicportal.db import NEVER
from civicportal.exports.models import ExportJob
from civicportal.exports.running import make_next
from civicportal.exports.services import ExportService
from civicportal.security import Identity


def facts(portal: Portal, who: Identity) -> dict[str, str]:
    """Order both and return their keys."""
    ready = order(portal, who)
    make_next(portal.site)
    running = order(portal, who)
    with portal.site.work() as work:
        job = work.session.scalars(select(ExportJob).where(ExportJob.key == running)).one()
        job.state, job.total, job.done, job.locked_until = "running", 48_000, 17_000, NEVER
    return {"export_ready": ready, "export_running": running}


def order(portal: Portal, who: Identity) -> str:
    """Order the list of all cases and return the key of the order."""
    with portal.site.work(actor=who) as work:
        export = portal.site.exports["kartable.list"]
        filters = [("نما", "همه")]
        return work.get(ExportService).order(export, "xlsx", [], {"view": "everywhere"}, filters, "fa").key
