"""Security events: one line each in the log, for a collector such as a SIEM. ``docs/security/events.md`` lists them."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyramid.tweens import INGRESS
from sqlalchemy import event as orm_events
from sqlalchemy.orm import Session

from civicportal.core.logging import ORIGIN, Origin
from civicportal.web.request import Request

if TYPE_CHECKING:
    from civicportal.core.work import Work
    from civicportal.domain.audit.models import AuditEvent

__all__ = ["AUDITED", "EVENTS", "name_key", "tell", "tell_of"]

log = logging.getLogger("civicportal.security")

#: Every event with its level.
EVENTS = {
    "auth.login": logging.INFO,
    "auth.login.refused": logging.WARNING,
    "auth.code.refused": logging.WARNING,
    "auth.logout": logging.INFO,
    "auth.password.changed": logging.INFO,
    "auth.factor.changed": logging.INFO,
    "auth.sessions.ended": logging.INFO,
    "auth.link": logging.INFO,
    "authz.denied": logging.WARNING,
    "account.changed": logging.INFO,
    "rights.changed": logging.WARNING,
    "settings.changed": logging.INFO,
    "data.revealed": logging.INFO,
    "data.exported": logging.INFO,
    "audit.verified": logging.INFO,
    "limit.hit": logging.WARNING,
    "limit.site": logging.WARNING,
    "csrf.refused": logging.WARNING,
    "csp.report": logging.WARNING,
}
#: Entries of the audit trail that are security events, by the first part of their action or the whole action.
AUDITED = {
    "login": "auth.login",
    "login:refused": "auth.login.refused",
    "logout": "auth.logout",
    "password": "auth.password.changed",
    "totp": "auth.factor.changed",
    "factor": "auth.factor.changed",
    "passkey": "auth.factor.changed",
    "recovery": "auth.factor.changed",
    "session": "auth.sessions.ended",
    "invitation": "auth.link",
    "access": "authz.denied",
    "member": "account.changed",
    "role": "rights.changed",
    "deputy": "rights.changed",
    "setting": "settings.changed",
    "site": "settings.changed",
    "plugin": "settings.changed",
    "reveal": "data.revealed",
    "export": "data.exported",
    "data": "data.exported",
    "audit": "audit.verified",
}
_SAID = ("by", "to", "reason", "role", "unit", "method", "name_key", "export", "format", "rows")
"""What an entry of the trail says that its line says too: no words of people."""
_NUMBER = re.compile(r"[0-9a-f]{32}", re.ASCII)
_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def tell(event: str, *, user: int | None = None, **fields: Any) -> None:
    """Log an event; client address and request id are added.

    :param event: of `EVENTS`.
    :param user: id of the acting person, or of the account used in an attempt.
    :param fields: further fields; never user texts, codes, passwords or full numbers.
    :raises KeyError: for an unknown event.
    """
    log.log(EVENTS[event], event, extra={"event": event, "user": user, **fields})


def tell_of(work: Work, entry: AuditEvent) -> None:
    """Log the event of an entry of the audit trail after the entry was committed."""
    area = entry.action.partition(":")[0]
    event = AUDITED.get(entry.action) or AUDITED.get(area)
    if event is None:
        return
    if event == "auth.login.refused" and entry.data.get("reason") != "password":
        event = "auth.code.refused"
    # The actor of a sign-in is still a visitor.
    user = entry.actor_id or (entry.subject_id if area == "login" else None)
    fields: dict[str, Any] = {"realm": entry.door, "subject": entry.subject_id, "action": entry.action}
    fields |= {name: entry.data[name] for name in _SAID if name in entry.data}

    waiting = [entry]

    def committed(session: Session) -> None:
        # SQLAlchemy calls this for a released savepoint too. Entries rolled back with one are no longer in the session.
        if waiting and not session.in_nested_transaction() and waiting.pop() in session:
            tell(event, user=user, **fields)

    orm_events.listen(work.session, "after_commit", committed)


def name_key(keys: Any, name: str) -> str:
    """Return a keyed hash of an entered user name or mobile: twenty letters."""
    return str(keys.mac("security event", name).hex()[:20].translate(_LETTERS))


def origin_tween_factory(handler: Callable[[Any], Any], registry: Any) -> Callable[[Any], Any]:  # noqa: ARG001 - Pyramid's
    """Return the tween that makes request id and client address available to every log line."""

    def origin_tween(request: Request) -> Any:
        number = request.environ.get("HTTP_X_REQUEST_ID", "")
        if not _NUMBER.fullmatch(number):
            number = secrets.token_hex(16)
        before = ORIGIN.set(Origin(address=request.remote_addr or "", request=number))
        try:
            return handler(request)
        finally:
            ORIGIN.reset(before)

    return origin_tween


def includeme(config: Any) -> None:
    """Add the tween above all others."""
    config.add_tween(
        "civicportal.core.security_events.origin_tween_factory",
        under=INGRESS,
        over=("civicportal.web.headers.headers_tween_factory", "civicportal.web.sanity.sanity_tween_factory"),
    )
