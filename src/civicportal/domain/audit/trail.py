"""The audit trail for administrators."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, select

from civicportal.core.work import Service
from civicportal.domain.audit.models import AuditEvent
from civicportal.util.lists import IdPage, newest_first, within_days

VERIFIED, UNDER_WAY = "audit:verified", "audit:verifying"
"""Actions of a complete and of a partial verification."""


@dataclass(frozen=True, kw_only=True)
class TrailQuery:
    """Filters of the audit trail; None means no filter.

    :ivar action: the whole action, or its area with the colon: ``login:``.
    :ivar actor: user id of the actor.
    :ivar subject: user id of the person whose data was touched.
    """

    action: str | None = None
    actor: int | None = None
    subject: int | None = None
    case_id: int | None = None
    first: date | None = None
    last: date | None = None


class TrailService(Service):
    """Read the audit trail."""

    def page(self, query: TrailQuery, *, before: int | None = None, after: int | None = None) -> IdPage:
        """Return one page of events.

        :param before: only events older than this id.
        :param after: only events newer than this id; it takes precedence over ``before``.
        """
        found = select(AuditEvent).where(*self._conditions(query))
        return newest_first(self.session, found, AuditEvent.id, before=before, after=after)

    def last_verified(self) -> AuditEvent | None:
        """Return the result of the last complete verification."""
        return self.last(VERIFIED)

    def flawed(self) -> AuditEvent | None:
        """Return the verification that found flaws.

        It is the current one, or the last complete one.
        """
        for event in (self.last(VERIFIED, UNDER_WAY), self.last_verified()):
            if event is not None and event.data["flaws"]:
                return event
        return None

    def last(self, *actions: str) -> AuditEvent | None:
        """Return the newest event of some actions."""
        query = select(AuditEvent).where(AuditEvent.action.in_(actions))
        return self.session.scalar(query.order_by(AuditEvent.id.desc()).limit(1))

    def _conditions(self, query: TrailQuery) -> list[ColumnElement[bool]]:
        found = [within_days(AuditEvent.at, self.work.site.calendar, query.first, query.last)]
        if query.action:
            area = query.action.endswith(":")
            found.append(
                AuditEvent.action.startswith(query.action, autoescape=True)
                if area
                else AuditEvent.action == query.action
            )
        exact = {"actor_id": query.actor, "subject_id": query.subject, "case_id": query.case_id}
        found += [getattr(AuditEvent, name) == value for name, value in exact.items() if value is not None]
        return found
