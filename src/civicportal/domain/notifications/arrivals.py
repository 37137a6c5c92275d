"""Delivery reports of providers."""

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy import update

from civicportal.core.work import Service
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.util.i18n import _

if TYPE_CHECKING:
    pass

Arrival = Literal["arrived", "off", "not_taken", "lost", "blocked", "silent"]
"""Delivery states of a sent message."""
ARRIVALS = {
    "arrived": _("Arrived"),
    "off": _("Did not reach the phone: it was off, full or out of reach"),
    "not_taken": _("The operator did not take it"),
    "lost": _("Failed on its way"),
    "blocked": _("This number takes no such messages"),
    "silent": _("The provider does not say whether it arrived"),
}


class ArrivalService(Service):
    """Store delivery reports; for the plugins that send messages."""

    def note(self, message_id: int, arrival: Arrival, at: datetime | None = None) -> None:
        """Store the provider's delivery report for a message of the outbox.

        :param at: time of arrival, aware; now if the provider does not say.
        """
        self.work.session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id == message_id)
            .values(delivery=arrival, delivered_at=at or self.work.clock.now())
            .execution_options(synchronize_session=False)
        )
