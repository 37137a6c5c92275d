"""What became of a one-time code, for the page that waits for it."""

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from sqlalchemy import select

from civicportal.notifications.gate import GateService
from civicportal.notifications.models import OutboxMessage

if TYPE_CHECKING:
    from civicportal.accounts.models import OtpChallenge
    from civicportal.work import Work

Fate = Literal["waiting", "held", "sent", "failed"]
HOLLOW_SECONDS = 2
"""After so long a code that is sent to nobody is called sent, as a real one would be."""


def fate_of_code(work: "Work", challenge: "OtpChallenge") -> Fate:
    """Say what became of a code, the same for a hollow challenge; "held" while nothing gets through."""
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
