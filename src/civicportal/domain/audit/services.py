"""Writing the audit trail."""

from datetime import timedelta

from sqlalchemy import Select, select

from civicportal.core.work import Service
from civicportal.domain.audit.digests import digest_words
from civicportal.domain.audit.events import log_audit_event
from civicportal.domain.audit.models import AuditEvent


class AuditService(Service):
    """Append to the audit trail in the transaction of the action."""

    def record(
        self, action: str, *, subject_id: int | None = None, case_id: int | None = None, **data: object
    ) -> None:
        """Write one event of the current actor.

        :param action: ``area:thing``.
        :param subject_id: the person whose data was touched, by user id.
        :param data: small JSON values; never a code, a password or a full number.
        """
        actor = self.work.actor
        event = AuditEvent(
            at=self.work.clock.now(),
            action=action,
            actor_id=actor.user_id,
            actor_name=actor.name,
            realm=actor.realm,
            subject_id=subject_id,
            case_id=case_id,
            data=data,
        )
        event.digests = digest_words(self.work.site.keys, event)
        self.work.session.add(event)
        log_audit_event(self.work, event)

    def recent_viewers(self, case_id: int, within: timedelta) -> list[str]:
        """Return other staff who opened the case, latest first."""
        latest = self.viewers_query(case_id, within).order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
        return list(dict(self.work.session.execute(latest).all()).values())

    def viewers_query(self, case_id: int, within: timedelta) -> Select[int | None, str]:
        """Return a query for other staff who opened the case."""
        return select(AuditEvent.actor_id, AuditEvent.actor_name).where(
            AuditEvent.case_id == case_id,
            AuditEvent.action == "case:open",
            AuditEvent.at > self.work.clock.now() - within,
            AuditEvent.actor_id != self.work.actor.user_id,
        )
