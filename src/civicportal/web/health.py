"""``/healthz`` says that the process lives, ``/readyz`` that it can serve."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from civicportal.migrate_state import pending
from civicportal.security import EVERYBODY


def alive(request: Any) -> Any:
    """Answer without touching the database."""
    request.response.content_type = "text/plain"
    request.response.text = "ok\n"
    return request.response


def ready(request: Any) -> Any:
    """Answer 503 when the database does not answer or is not migrated; the details only on this machine."""
    problem = _problem(request.site)
    request.response.status_int = 503 if problem else 200
    request.response.content_type = "text/plain"
    local = request.remote_addr in ("127.0.0.1", "::1")
    request.response.text = f"{problem if problem and local else 'not ready' if problem else 'ok'}\n"
    return request.response


def _problem(site: Any) -> str:
    try:
        with site.engines.read.connect() as connection:
            connection.execute(text("SELECT 1"))
        waiting = [state.name for state in pending(site)]
    except SQLAlchemyError as error:
        return f"database: {type(error).__name__}"
    return f"migrations pending: {', '.join(waiting)}" if waiting else ""


def includeme(config: Any) -> None:
    """Add both."""
    config.add_route("healthz", "/healthz")
    config.add_route("readyz", "/readyz")
    config.add_view(alive, route_name="healthz", permission=EVERYBODY)
    config.add_view(ready, route_name="readyz", permission=EVERYBODY)
