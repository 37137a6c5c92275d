"""Tables of messages: outbox, gates, inbound messages, wording."""

from datetime import datetime

from sqlalchemy import Boolean, Float, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, BigId, id_column, tagged_column
from civicportal.core.deliveries import QueuedDelivery
from civicportal.core.reference import REFERENCE
from civicportal.util.persian import key

_WAITING = text("state IN ('new', 'leased', 'unknown')")
_IN_A_BATCH = text("batch IS NOT NULL")
_OF_A_CODE = text("challenge_id IS NOT NULL")
_MARKS = " .،,؛;:!؟?«»\"'()-"
"""Characters that people copy along with a word from a message."""


class OutboxMessage(QueuedDelivery, Base):
    """A message, queued in the transaction of its cause.

    Its state may also be "unknown" or "cancelled".
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_waiting",
            "lane",
            "next_at",
            postgresql_where=_WAITING,
            sqlite_where=_WAITING,
        ),
        Index(None, "case_id", "recipient", "id"),
        Index("ix_outbox_batch", "batch", "state", postgresql_where=_IN_A_BATCH, sqlite_where=_IN_A_BATCH),
        # Each deleted code looks up its message.
        Index("ix_outbox_challenge_id", "challenge_id", postgresql_where=_OF_A_CODE, sqlite_where=_OF_A_CODE),
        {"sqlite_autoincrement": True},
    )

    #: ``<event>:<recipient>:<channel>``: one event notifies a person once.
    event_key: Mapped[str] = tagged_column(String(120), unique=True)
    #: Messages that can be stopped together, such as an announcement to many people.
    batch: Mapped[str | None] = tagged_column(String(40))
    #: Key of the text, for instance ``reports.registered``.
    kind: Mapped[str] = tagged_column(String(60))
    #: "codes", "notices" or "broadcasts".
    lane: Mapped[str] = tagged_column(String(12), default="notices")
    channel: Mapped[str] = tagged_column(String(10), default="sms")
    #: E.164.
    recipient: Mapped[str] = tagged_column(String(20), pii="contact", erase="row", person="mobile")
    user_id: Mapped[int | None] = tagged_column(BigId, index=True, erase="row")
    case_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("cases.id", ondelete="CASCADE"))
    event_id: Mapped[int | None] = tagged_column(BigId)
    challenge_id: Mapped[int | None] = tagged_column(
        BigId, ForeignKey("otp_challenges.id", ondelete="SET NULL")
    )
    #: Rendered; empty for a code, which is derived when it is sent.
    text: Mapped[str] = tagged_column(Text, default="", pii="content", erase="row")
    #: The values of the text's placeholders as JSON, for transports that send templates.
    fields: Mapped[str] = tagged_column(Text, default="{}", pii="content", erase="row")
    #: Its language; empty for the site's own.
    locale: Mapped[str] = tagged_column(String(10), default="", server_default="")
    provider_id: Mapped[str | None] = tagged_column(String(100))
    #: The delivery state as reported by the provider; a name of ``ARRIVALS``, empty without a report.
    delivery: Mapped[str] = tagged_column(String(12), default="", server_default="")
    delivered_at: Mapped[datetime | None] = tagged_column()


class Gate(Base):
    """The state of a transport, maintained by the worker."""

    __tablename__ = "gates"

    transport: Mapped[str] = tagged_column(String(40), primary_key=True)
    open: Mapped[bool] = tagged_column(Boolean, default=True)
    since: Mapped[datetime] = tagged_column()
    reason: Mapped[str] = tagged_column(String(300), default="")
    failures: Mapped[int] = tagged_column(Integer, default=0)
    last_ok_at: Mapped[datetime | None] = tagged_column()
    #: While it is closed, one message a minute is sent as a probe.
    probed_at: Mapped[datetime | None] = tagged_column()
    worker_seen_at: Mapped[datetime | None] = tagged_column()
    #: Messages covered by the provider account's credit, and the time of that report.
    credit: Mapped[float | None] = tagged_column(Float)
    credit_at: Mapped[datetime | None] = tagged_column()


class InboundMessage(Base):
    """A message from a person to the city's number."""

    __tablename__ = "inbound"

    id: Mapped[int] = id_column()
    provider_id: Mapped[str] = tagged_column(String(100), unique=True)
    sender: Mapped[str] = tagged_column(String(20), index=True, pii="contact", erase="row", person="mobile")
    #: The owner of the number at that time; None if unknown.
    user_id: Mapped[int | None] = tagged_column(BigId, index=True, erase="row")
    text: Mapped[str] = tagged_column(Text, pii="content", erase="row")
    received_at: Mapped[datetime] = tagged_column()
    handled_at: Mapped[datetime | None] = tagged_column()
    #: The last failed attempt to answer it.
    tried_at: Mapped[datetime | None] = tagged_column()

    @property
    def word(self) -> str:
        """Return the folded text without marks around it, to compare with a country's stop words."""
        return key(self.text).strip(_MARKS)


class NotificationChoices(Base):
    """A person's notification preferences; without a row the defaults apply."""

    __tablename__ = "notification_choices"

    user_id: Mapped[int] = tagged_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, erase="row"
    )
    #: Every transition of the person's cases.
    case_notices: Mapped[bool] = tagged_column(Boolean, default=True)
    #: Reminders of appointments, and questions after a case was closed.
    reminders: Mapped[bool] = tagged_column(Boolean, default=True)
    #: Announcements of the city, on request only.
    broadcasts: Mapped[bool] = tagged_column(Boolean, default=False)
    #: For staff: a daily summary of new and overdue cases.
    digest: Mapped[bool] = tagged_column(Boolean, default=False)
    updated_at: Mapped[datetime] = tagged_column()


class StoredText(Base):
    """The site's wording of a message."""

    __tablename__ = "message_texts"
    __table_args__ = {"info": REFERENCE}

    key: Mapped[str] = tagged_column(String(60), primary_key=True)
    locale: Mapped[str] = tagged_column(String(10), primary_key=True)
    text: Mapped[str] = tagged_column(Text)
    updated_at: Mapped[datetime] = tagged_column()
