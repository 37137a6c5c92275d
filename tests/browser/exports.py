"""Exports of the administrator: one that is ready, and one that is half written."""

from portal import Portal
from senders import wait_until
from sqlalchemy import select

from civicportal.core.db import NEVER
from civicportal.core.security import Identity
from civicportal.domain.exports.models import ExportJob
from civicportal.domain.exports.running import make_next
from civicportal.domain.exports.services import ExportService


def facts(portal: Portal, who: Identity) -> dict[str, str]:
    """Order both and return their keys."""
    ready = order(portal, who)
    # The worker of the portal may be quicker.
    make_next(portal.site)
    wait_until(lambda: _state(portal, ready) == "done")
    return {"export_ready": ready, "export_running": order(portal, who, **half_written(48_000, 17_000))}


def half_written(total: int, done: int) -> dict[str, object]:
    """Return the values of an export that is being written and is not taken over by another worker."""
    return {"state": "running", "total": total, "done": done, "locked_until": NEVER}


def order(portal: Portal, who: Identity, **values: object) -> str:
    """Order the list of all cases and return the key of the order.

    :param values: of its columns, before a worker sees it.
    """
    with portal.site.work(actor=who) as work:
        export = portal.site.exports["kartable.list"]
        filters = [("نما", "همه")]
        job = work.get(ExportService).order(export, "xlsx", [], {"view": "everywhere"}, filters, "fa")
        for name, value in values.items():
            setattr(job, name, value)
        return job.key


def _state(portal: Portal, key: str) -> str | None:
    with portal.site.work(write=False) as work:
        return work.session.scalar(select(ExportJob.state).where(ExportJob.key == key))
