"""The outbox for administrators: the state of each message, and resending."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, func, select, update

from civicportal.core.work import Service
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.models import Case
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.util.errors import Conflict
from civicportal.util.lists import IdPage, newest_first, within_days

COUNTED = timedelta(days=30)
"""Older messages are listed but not counted: totals of years are too expensive for every page."""


@dataclass(frozen=True, kw_only=True)
class MessageQuery:
    """Filters of the list of messages; None means no filter.

    :ivar arrival: a name of ``ARRIVALS``.
    :ivar ending: the last digits of the number; found among the messages of the last thirty days.
    :ivar person: user id.
    """

    state: str | None = None
    arrival: str | None = None
    kind: str | None = None
    code: str | None = None
    ending: str | None = None
    first: date | None = None
    last: date | None = None
    person: int | None = None


class MessageBook(Service):
    """Read the outbox; the only change it makes is resending."""

    def page(self, query: MessageQuery, *, before: int | None = None, after: int | None = None) -> IdPage:
        """Return one page of messages, each with the code of its case.

        :param before: only messages older than this id.
        :param after: only messages newer than this id; it wins over ``before``.
        """
        rows = select(OutboxMessage, Case.code).outerjoin(Case, Case.id == OutboxMessage.case_id)
        rows = rows.where(*self._conditions(query))
        return newest_first(self.session, rows, OutboxMessage.id, before=before, after=after)

    def counts(self) -> dict[str, int]:
        """Return the number of messages by state, of the last thirty days."""
        since = OutboxMessage.created_at >= self.work.clock.now() - COUNTED
        query = (
            select(OutboxMessage.state, func.count().label("number"))
            .where(since)
            .group_by(OutboxMessage.state)
        )
        return {row.state: row.number for row in self.session.execute(query)}

    def send_again(self, message_id: int) -> None:
        """Resend a failed or unknown message.

        :raises Conflict: when it is neither, or a code: the person requests a new one.
        """
        now = self.work.clock.now()
        row = self.session.execute(
            update(OutboxMessage)
            .where(
                OutboxMessage.id == message_id,
                OutboxMessage.state.in_(("dead", "unknown")),
                OutboxMessage.lane != "codes",
            )
            .values(state="new", attempts=0, next_at=now, last_error="", delivery="", delivered_at=None)
            .returning(OutboxMessage.user_id, OutboxMessage.case_id)
            .execution_options(synchronize_session=False)
        ).first()
        if row is None:
            raise Conflict(f"message {message_id} cannot be sent again")
        self.work.get(AuditService).record(
            "message:again", subject_id=row.user_id, case_id=row.case_id, message=message_id
        )

    def _conditions(self, query: MessageQuery) -> list[ColumnElement[bool]]:
        found = [within_days(OutboxMessage.created_at, self.work.site.calendar, query.first, query.last)]
        if query.state:
            found.append(OutboxMessage.state == query.state)
        if query.arrival:
            found.append(OutboxMessage.delivery == query.arrival)
        if query.ending:
            found.append(OutboxMessage.recipient.endswith(query.ending, autoescape=True))
            found.append(OutboxMessage.created_at >= self.work.clock.now() - COUNTED)
        if query.kind:
            found.append(OutboxMessage.kind == query.kind)
        if query.code:
            found.append(Case.code == query.code)
        if query.person is not None:
            found.append(OutboxMessage.user_id == query.person)
        return found
