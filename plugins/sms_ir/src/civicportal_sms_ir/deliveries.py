"""Polling of delivery reports."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, func, select, update

from civicportal.api.database import NEVER, Service
from civicportal.api.notifications import NotificationService, PermanentFailure, SendError
from civicportal.api.plugins import Site
from civicportal_sms_ir.client import SmsIr
from civicportal_sms_ir.models import Delivery
from civicportal_sms_ir.polling import is_backing_off, log_new_error
from civicportal_sms_ir.records import Record, UnexpectedResponse
from civicportal_sms_ir.statuses import NoSuchAddress

ARRIVED = "the delivery of messages"
#: After sending; a report missing by then never arrives.
SCHEDULE = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=6))
KEEP = timedelta(days=30)
BATCH = 100
#: The provider's delivery states; 3, 5, 8 and none mean that it is still on its way.
STATES = {1: "delivered", 2: "failed", 4: "failed", 6: "failed", 7: "blocked"}
#: Their titles for administrators.
ARRIVALS = {1: "arrived", 2: "off", 4: "not_taken", 6: "lost", 7: "blocked"}


#: Errors that may concern a single message only.
OF_ONE_MESSAGE = (PermanentFailure, NoSuchAddress, UnexpectedResponse)


class DeliveryService(Service):
    """The table of deliveries."""

    def add(self, provider_id: str, message_id: int) -> None:
        """Record that the provider accepted a message of the outbox."""
        self.session.merge(Delivery(**self._values(provider_id, message_id)))

    def claim(self, provider_id: str, message_id: int) -> bool:
        """Record that a message of the outbox was found at the provider.

        :returns: False when this id belongs to another message.
        """
        insert = self.work.site.engines.insert(Delivery).values(self._values(provider_id, message_id))
        insert = insert.on_conflict_do_nothing(index_elements=["provider_id"])
        return self.session.scalar(insert.returning(Delivery.provider_id)) is not None

    def _values(self, provider_id: str, message_id: int) -> dict[str, object]:
        now = self.work.clock.now()
        return {
            "provider_id": provider_id,
            "message_id": message_id,
            "sent_at": now,
            "state": "pending",
            "checks": 0,
            "next_at": now + SCHEDULE[0],
        }

    def provider_id(self, message_id: int) -> str | None:
        """Return the provider's id of a message of the outbox, if known."""
        return self.provider_ids([message_id]).get(message_id)

    def provider_ids(self, message_ids: Sequence[int]) -> dict[int, str]:
        """Return the known provider's ids of messages of the outbox."""
        query = select(Delivery.message_id, Delivery.provider_id).where(Delivery.message_id.in_(message_ids))
        rows = self.session.execute(query.order_by(Delivery.sent_at, Delivery.provider_id))
        return {row.message_id: row.provider_id for row in rows}

    def due(self) -> list[str]:
        """Return the provider's ids of messages whose report is due."""
        query = select(Delivery.provider_id).where(Delivery.next_at <= self.work.clock.now())
        return list(self.session.scalars(query.order_by(Delivery.next_at).limit(BATCH)))

    def settle(self, provider_id: str, record: Record | None) -> None:
        """Store a report, and pass a final one to the outbox.

        :param record: None when the provider has no such message.
        """
        if record is None:
            self._note(provider_id, 0, is_last=True)
        else:
            self._note(provider_id, record.state or 0, record.arrived_at)

    def pass_over(self, provider_id: str) -> None:
        """Record an unreadable report: it is requested again at its next time."""
        self._note(provider_id, 0)

    def put_behind(self, provider_id: str) -> None:
        """Move a message behind all others that are due."""
        is_open = and_(Delivery.provider_id == provider_id, Delivery.state == "pending")
        self.session.execute(update(Delivery).where(is_open).values(next_at=self.work.clock.now()))

    def _note(
        self, provider_id: str, number: int, arrived_at: datetime | None = None, *, is_last: bool = False
    ) -> None:
        row = self.session.get(Delivery, provider_id, with_for_update=True)
        if row is None:
            return
        row.checks += 1
        is_last = is_last or row.checks >= len(SCHEDULE)
        row.state = STATES.get(number, "unknown" if is_last else "pending")
        if row.state == "pending":
            row.next_at = row.sent_at + SCHEDULE[row.checks]
            return
        row.next_at = NEVER
        self.work.get(NotificationService).note_delivery(
            row.message_id, ARRIVALS.get(number, "silent"), arrived_at
        )

    def counts(self, since: datetime) -> Counter[str]:
        """Return the number of messages by state, of those sent since a time."""
        query = (
            select(Delivery.state, func.count().label("number"))
            .where(Delivery.sent_at >= since)
            .group_by(Delivery.state)
        )
        return Counter({row.state: row.number for row in self.session.execute(query)})

    def forget(self) -> None:
        """Delete rows older than thirty days."""
        self.session.execute(delete(Delivery).where(Delivery.sent_at < self.work.clock.now() - KEEP))


def poll_deliveries(site: Site) -> None:
    """Query whether sent messages were delivered.

    If the provider does not answer, the next run tries again.
    """
    if is_backing_off(site, ARRIVED):
        return
    with site.work(write=False) as work:
        due = work.get(DeliveryService).due()
    if not due:
        return
    with log_new_error(site, ARRIVED):
        troubles = [trouble for provider_id in due if (trouble := _ask(provider_id, site))]
        if troubles:
            raise troubles[0]


def _ask(provider_id: str, site: Site) -> SendError | None:
    """Request the report of one message.

    :returns: the error, if it may concern this message only.
    :raises SendError: for any other: the remaining requests would fail too.
    """
    try:
        record = SmsIr(site).message(provider_id)
    except OF_ONE_MESSAGE as trouble:
        with site.work() as work:
            work.get(DeliveryService).pass_over(provider_id)
        return trouble
    except SendError:
        with site.work() as work:
            # Even this may concern one message: the next run begins with another.
            work.get(DeliveryService).put_behind(provider_id)
        raise
    with site.work() as work:
        work.get(DeliveryService).settle(provider_id, record)
    return None


def forget_deliveries(site: Site) -> None:
    """Delete rows older than thirty days."""
    with site.work() as work:
        work.get(DeliveryService).forget()
