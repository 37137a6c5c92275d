"""Messages about accounts through the outbox."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from civicportal.domain.accounts.messages import AccountMessages, CodeState
from civicportal.domain.notifications.gate import SendingGateService
from civicportal.domain.notifications.models import InboundMessage, OutboxMessage
from civicportal.domain.notifications.services import NotificationService

if TYPE_CHECKING:
    from civicportal.domain.accounts.models import OtpChallenge, User

HOLLOW_SECONDS = 2
"""Time after which a code without a recipient is reported as sent, like a real one."""
_NUMBERS = ((OutboxMessage, OutboxMessage.recipient), (InboundMessage, InboundMessage.sender))


class OutboxAccountMessages(AccountMessages):
    """Write messages about accounts into the outbox."""

    def send_code(self, challenge: "OtpChallenge", locale: str) -> None:
        """Queue the code of a challenge.

        Nothing is sent for a decoy challenge.
        """
        self.work.get(NotificationService).send_code(challenge, locale)

    def state_of_code(self, challenge: "OtpChallenge") -> CodeState:
        """Return the delivery state of a code, "held" while the gate is closed."""
        gate = self.work.get(SendingGateService)
        if challenge.hollow:
            arrives = challenge.created_at + timedelta(seconds=HOLLOW_SECONDS)
            if not gate.worked_at(arrives):
                return "held"
            return "sent" if self.work.clock.now() >= arrives else "waiting"
        query = select(OutboxMessage.state).where(OutboxMessage.challenge_id == challenge.id)
        state = self.session.scalar(query.order_by(OutboxMessage.id.desc()).limit(1))
        if state in ("new", "leased"):
            return "waiting" if gate.works else "held"
        return "sent" if state == "sent" else "failed"

    @property
    def codes_arrive(self) -> bool:
        """Return whether the gate is open."""
        return self.work.get(SendingGateService).works

    def notify(self, kind: str, user: "User", fields: Mapping[str, str] | None = None) -> None:
        """Notify a person of an account change at once."""
        if user.mobile:
            service = self.work.get(NotificationService)
            locale = service.locale_of(user)
            service.send(
                kind, recipient=user.mobile, user_id=user.id, fields=fields, locale=locale, at_once=True
            )

    def notify_number(self, kind: str, mobile: str, *, user_id: int | None = None) -> None:
        """Send a message to a number without an account."""
        self.work.get(NotificationService).send(kind, recipient=mobile, user_id=user_id, at_once=True)

    def keep_owner(self, number: str, user_id: int) -> None:
        """Assign messages of a number to their person."""
        for model, column in _NUMBERS:
            nobodys = update(model).where(column == number, model.user_id.is_(None)).values(user_id=user_id)
            self.session.execute(nobodys.execution_options(synchronize_session=False))
