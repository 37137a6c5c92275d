"""The delivery state of a one-time code, for the page that waits for it."""

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from sqlalchemy import select

from civicportal.domain.notifications.gate import GateService
from civicportal.domain.notifications.models import OutboxMessage

if TYPE_CHECKING:
    from civicportal.core.work import Work
    from civicportal.domain.accounts.models import OtpChallenge

Fate = Literal["waiting", "held", "sent", "failed"]
HOLLOW_SECONDS = 2
"""Time after which a code without a recipient is reported as sent, like a real one."""


def fate_of_code(work: "Work", challenge: "OtpChallenge") -> Fate:
    """Return the state of a code, the same for a decoy challenge; "held" while the gate is closed."""
    gate = work.get(GateService)
    if challenge.hollow:
        arrives = challenge.created_at + timedelta(seconds=HOLLOW_SECONDS)
        if not gate.worked_at(arrives):
            return "held"
        return "sent" if work.clock.now() >= arrives else "waiting"
    query = select(OutboxMessage.state).where(OutboxMessage.challenge_id == challenge.id)
    state = work.session.scalar(query.order_by(OutboxMessage.id.desc()).limit(1))
    if state in ("new", "leased"):
        return "waiting" if gate.works else "held"
    return "sent" if state == "sent" else "failed"
