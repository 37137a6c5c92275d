"""Writing the audit trail."""

from datetime import timedelta

from sqlalchemy import bindparam, select

from civicportal.core.db import BigId, UTCDateTime
from civicportal.core.work import Service, Work
from civicportal.domain.audit.digests import digest_words
from civicportal.domain.audit.events import log_audit_event
from civicportal.domain.audit.models import AuditEvent

#: Other staff who opened a case; its parameters are those of :func:`viewers_parameters`.
VIEWERS = select(AuditEvent.actor_id, AuditEvent.actor_name).where(
    AuditEvent.case_id == bindparam("case_id", type_=BigId),
    AuditEvent.action == "case:open",
    AuditEvent.at > bindparam("viewed_since", type_=UTCDateTime()),
    AuditEvent.actor_id != bindparam("viewer_id", type_=BigId),
)


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
        if actor.token_id is not None:
            data["token"] = actor.token_id
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
        latest = VIEWERS.order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
        asked = {"case_id": case_id, **viewers_parameters(self.work, within)}
        return list(dict(self.work.session.execute(latest, asked).all()).values())


def viewers_parameters(work: Work, within: timedelta) -> dict[str, object]:
    """Return the parameters of :data:`VIEWERS` besides ``case_id``."""
    return {"viewed_since": work.clock.now() - within, "viewer_id": work.actor.user_id}
