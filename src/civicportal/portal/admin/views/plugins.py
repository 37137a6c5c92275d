"""The page of plugins and of the portal's health."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal import __version__
from civicportal.portal.admin import health
from civicportal.portal.admin.inventory import Inventory
from civicportal.portal.worker.heartbeat import WorkerProcess, WorkerService
from civicportal.util.i18n import _
from civicportal.web.request import Request


def plugins(request: Request) -> dict[str, object]:
    """List the plugins, the findings of the last check, and the workers."""
    inventory = request.work.get(Inventory)
    last = health.last_check(request.work)
    findings = health.current(request.work)
    cards = inventory.cards()
    service = request.work.get(WorkerService)
    jobs = service.running_jobs()
    owners = list(dict.fromkeys(one["owner"] for one in findings))
    return {
        "version": __version__,
        "cards": cards,
        "counts": {card.name: inventory.counts(card.name) for card in cards},
        "sleeping": inventory.sleeping(),
        "checked_at": last.at if last else None,
        "findings": {owner: [one for one in findings if one["owner"] == owner] for owner in owners},
        "errors": sum(one["level"] == "error" for one in findings),
        "workers": [
            (worker, _state(service, worker), [job for job in jobs if job.worker_id == worker.id])
            for worker in service.all()
        ],
        "is_any_running": service.is_any_running,
    }


def _state(service: WorkerService, worker: WorkerProcess) -> str:
    if worker.stopped_at is not None:
        return "stopped"
    return "lost" if service.is_lost(worker) else "running"


def check(request: Request) -> HTTPSeeOther:
    """Check the portal now."""
    health.check(request.site)
    request.session.flash(request.translate(_("The portal was looked over.")), "good")
    return HTTPSeeOther(request.route_path("admin.plugins"))
