"""Entries of the audit trail as security events in the log."""

from typing import TYPE_CHECKING

from sqlalchemy import event as orm_events
from sqlalchemy.orm import Session

from civicportal.core.security_events import log_security_event

if TYPE_CHECKING:
    from civicportal.core.work import Work
    from civicportal.domain.audit.models import AuditEvent

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
    "token": "auth.token.changed",
    "client": "auth.token.changed",
    "access": "authz.denied",
    "member": "account.changed",
    "role": "rights.changed",
    "deputy": "rights.changed",
    "setting": "settings.changed",
    "site": "settings.changed",
    "plugin": "settings.changed",
    "reveal": "data.revealed",
    "caller:lookup": "data.revealed",
    "export": "data.exported",
    "data": "data.exported",
    "audit": "audit.verified",
}
_SAID = (
    "by",
    "to",
    "reason",
    "role",
    "unit",
    "method",
    "name_key",
    "export",
    "format",
    "rows",
    "token",
    "token_id",
    "client",
)
"""Data of an audit entry that is included in its log line, without texts of people."""


def log_audit_event(work: "Work", entry: "AuditEvent") -> None:
    """Log an audit event after its commit."""
    area = entry.action.partition(":")[0]
    event = AUDITED.get(entry.action) or AUDITED.get(area)
    if event is None:
        return
    if event == "auth.login.refused" and entry.data.get("reason") != "password":
        event = "auth.code.refused"
    # The actor of a sign-in is still a visitor.
    user = entry.actor_id or (entry.subject_id if area == "login" else None)
    fields: dict[str, object] = {"realm": entry.realm, "subject": entry.subject_id, "action": entry.action}
    fields |= {name: entry.data[name] for name in _SAID if name in entry.data}

    waiting = [entry]

    def committed(session: Session) -> None:
        # SQLAlchemy calls this for a released savepoint too. Entries rolled back with one are no longer in the session.
        if waiting and not session.in_nested_transaction() and waiting.pop() in session:
            log_security_event(event, user=user, **fields)

    orm_events.listen(work.session, "after_commit", committed)
