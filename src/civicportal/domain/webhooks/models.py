"""Tables of webhooks: addresses, their health, deliveries and attempts."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, BigId, id_column, tagged_column
from civicportal.core.deliveries import QueuedDelivery
from civicportal.core.reference import REFERENCE

_WAITING = text("state IN ('new', 'leased')")


class Webhook(Base):
    """An address of other software to which events are sent."""

    __tablename__ = "webhooks"
    __table_args__ = {"info": REFERENCE, "sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    address: Mapped[str] = tagged_column(String(500))
    description: Mapped[str] = tagged_column(String(200), default="")
    #: Names of the events.
    events: Mapped[list[str]] = tagged_column(JSON)
    #: Only cases of this category or unit, or of those below. Without foreign keys: if the row is deleted, the webhook
    #: must not get the cases of all others.
    category_id: Mapped[int | None] = tagged_column(BigId)
    unit_id: Mapped[int | None] = tagged_column(BigId)
    #: ``whsec_…``; the former one signs too until ``former_until``.
    secret: Mapped[str] = tagged_column(String(300), sealed=True, export=False)
    former_secret: Mapped[str | None] = tagged_column(String(300), sealed=True, export=False)
    former_until: Mapped[datetime | None] = tagged_column()
    #: Why nothing is sent: one of ``PAUSES``; empty while it is active.
    paused: Mapped[str] = tagged_column(String(10), default="")
    paused_at: Mapped[datetime | None] = tagged_column()
    created_at: Mapped[datetime] = tagged_column()


class WebhookHealth(Base):
    """How the last deliveries of a webhook ended; written by the worker."""

    __tablename__ = "webhook_health"

    webhook_id: Mapped[int] = tagged_column(
        BigId, ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True
    )
    #: Failed attempts since the last success, and the first of them.
    failures: Mapped[int] = tagged_column(Integer, default=0)
    failing_since: Mapped[datetime | None] = tagged_column()
    #: Nothing is sent before.
    retry_at: Mapped[datetime | None] = tagged_column()
    tried_at: Mapped[datetime | None] = tagged_column()
    last_ok_at: Mapped[datetime | None] = tagged_column()


class WebhookDelivery(QueuedDelivery, Base):
    """One event for one webhook, queued in the transaction of its cause."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id"),
        Index(
            "ix_webhook_deliveries_waiting",
            "webhook_id",
            "next_at",
            postgresql_where=_WAITING,
            sqlite_where=_WAITING,
        ),
        Index(None, "case_id", "webhook_id", "id"),
        Index(None, "webhook_id", "state", "id"),
        {"sqlite_autoincrement": True},
    )

    webhook_id: Mapped[int] = tagged_column(BigId, ForeignKey("webhooks.id", ondelete="CASCADE"))
    #: The same in every attempt.
    event_id: Mapped[str] = tagged_column(String(40))
    #: Name of the event.
    event: Mapped[str] = tagged_column(String(60))
    case_id: Mapped[int | None] = tagged_column(
        BigId, ForeignKey("cases.id", ondelete="CASCADE"), erase="keep", person=""
    )
    body: Mapped[str] = tagged_column(Text)


class WebhookAttempt(Base):
    """One request to the address of a webhook."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (Index(None, "delivery_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = id_column()
    delivery_id: Mapped[int] = tagged_column(BigId, ForeignKey("webhook_deliveries.id", ondelete="CASCADE"))
    at: Mapped[datetime] = tagged_column()
    #: Status of the answer; None if there was none.
    status: Mapped[int | None] = tagged_column(Integer)
    milliseconds: Mapped[int] = tagged_column(Integer)
    #: Why it failed, as kept by :func:`civicportal.domain.notifications.troubles.keep`; empty for a success.
    error: Mapped[str] = tagged_column(String(300), default="")
    #: Beginning of the answer's body, without secrets and numbers of people.
    answer: Mapped[str] = tagged_column(Text, default="")
