"""Probes for service managers and monitoring.

A missing worker does not make a node unready: pages are still served, and a proxy that took the node out would make it
worse.
"""

from pyramid.config import Configurator
from pyramid.response import Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from civicportal.core.migration.state import pending
from civicportal.core.security import PagePermission
from civicportal.core.site import Site
from civicportal.portal.worker.heartbeat import WorkerService
from civicportal.web.request import Request


def alive(request: Request) -> Response:
    """Answer without using the database."""
    request.response.content_type = "text/plain"
    request.response.text = "ok\n"
    return request.response


def ready(request: Request) -> Response:
    """Answer 503 when the database is unreachable or not migrated."""
    return _answer(request, _problem(request.site))


def worker_ready(request: Request) -> Response:
    """Answer 503 when no worker was active for two minutes."""
    return _answer(request, _worker_problem(request.site))


def _answer(request: Request, problem: str) -> Response:
    """Respond, with details for clients on this machine only."""
    request.response.status_int = 503 if problem else 200
    request.response.content_type = "text/plain"
    local = request.remote_addr in ("127.0.0.1", "::1")
    request.response.text = f"{problem if problem and local else 'not ready' if problem else 'ok'}\n"
    return request.response


def _worker_problem(site: Site) -> str:
    try:
        with site.work(write=False) as work:
            service = work.get(WorkerService)
            if service.is_any_running:
                return ""
            last = service.last_seen()
    except SQLAlchemyError as error:
        return f"database: {type(error).__name__}"
    return f"no worker has run since {last:%Y-%m-%d %H:%M:%S} UTC" if last else "no worker has ever run"


def _problem(site: Site) -> str:
    try:
        with site.engines.read.connect() as connection:
            connection.execute(text("SELECT 1"))
        waiting = [state.name for state in pending(site)]
    except SQLAlchemyError as error:
        return f"database: {type(error).__name__}"
    return f"migrations pending: {', '.join(waiting)}" if waiting else ""


def includeme(config: Configurator) -> None:
    """Add the routes."""
    config.add_route("healthz", "/healthz")
    config.add_route("readyz", "/readyz")
    config.add_route("readyz_worker", "/readyz/worker")
    config.add_view(alive, route_name="healthz", permission=PagePermission.EVERYBODY)
    config.add_view(ready, route_name="readyz", permission=PagePermission.EVERYBODY)
    config.add_view(worker_ready, route_name="readyz_worker", permission=PagePermission.EVERYBODY)
