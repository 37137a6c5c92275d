"""The outbox, the gate of a transport, inbound messages and the site's own wording."""

from datetime import datetime

from sqlalchemy import Boolean, Float, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped

from civicportal.db import Base, BigId, id_column, tagged
from civicportal.reference import REFERENCE

_WAITING = text("state IN ('new', 'leased', 'unknown')")
_IN_A_BATCH = text("batch IS NOT NULL")
_OF_A_CODE = text("challenge_id IS NOT NULL")


class OutboxMessage(Base):
    """A message that was promised in the transaction of what it tells of."""

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
        # Each code that is deleted looks for its message.
        Index("ix_outbox_challenge_id", "challenge_id", postgresql_where=_OF_A_CODE, sqlite_where=_OF_A_CODE),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = id_column()
    #: ``<event>:<recipient>:<channel>``: one event tells one person once.
    event_key: Mapped[str] = tagged(String(120), unique=True)
    #: What belongs together and may be stopped together, such as one announcement to many people.
    batch: Mapped[str | None] = tagged(String(40))
    #: Key of the text, for instance ``reports.registered``.
    kind: Mapped[str] = tagged(String(60))
    #: "codes", "notices" or "broadcasts".
    lane: Mapped[str] = tagged(String(12), default="notices")
    channel: Mapped[str] = tagged(String(10), default="sms")
    #: E.164.
    recipient: Mapped[str] = tagged(String(20), pii="contact", erase="row", person="mobile")
    user_id: Mapped[int | None] = tagged(BigId, index=True, erase="row")
    case_id: Mapped[int | None] = tagged(BigId, ForeignKey("cases.id", ondelete="CASCADE"))
    event_id: Mapped[int | None] = tagged(BigId)
    challenge_id: Mapped[int | None] = tagged(BigId, ForeignKey("otp_challenges.id", ondelete="SET NULL"))
    #: Rendered; empty for a code, which is derived when it is sent.
    text: Mapped[str] = tagged(Text, default="", pii="content", erase="row")
    #: The values of the text's fields as JSON, for transports that send templates.
    fields: Mapped[str] = tagged(Text, default="{}", pii="content", erase="row")
    #: The language it is written in; empty for the site's own.
    locale: Mapped[str] = tagged(String(10), default="", server_default="")
    #: "new", "leased", "sent", "unknown", "dead" or "cancelled".
    state: Mapped[str] = tagged(String(10), default="new")
    attempts: Mapped[int] = tagged(Integer, default=0)
    created_at: Mapped[datetime] = tagged(index=True)
    next_at: Mapped[datetime] = tagged()
    expires_at: Mapped[datetime | None] = tagged()
    locked_until: Mapped[datetime | None] = tagged()
    lease_id: Mapped[str | None] = tagged(String(32))
    sent_at: Mapped[datetime | None] = tagged()
    provider_id: Mapped[str | None] = tagged(String(100))
    #: Whether it arrived, as the provider says later; a name of ``ARRIVALS``, empty while nobody has said.
    delivery: Mapped[str] = tagged(String(12), default="", server_default="")
    delivered_at: Mapped[datetime | None] = tagged()
    #: Masked.
    last_error: Mapped[str] = tagged(String(300), default="")


class Gate(Base):
    """Whether a transport gets through at present, kept by the worker."""

    __tablename__ = "gates"

    transport: Mapped[str] = tagged(String(40), primary_key=True)
    open: Mapped[bool] = tagged(Boolean, default=True)
    since: Mapped[datetime] = tagged()
    reason: Mapped[str] = tagged(String(300), default="")
    failures: Mapped[int] = tagged(Integer, default=0)
    last_ok_at: Mapped[datetime | None] = tagged()
    #: While it is closed, one message a minute tries whether it is open again.
    probed_at: Mapped[datetime | None] = tagged()
    worker_seen_at: Mapped[datetime | None] = tagged()
    #: Messages that the account of the provider still pays for, and when it said so.
    credit: Mapped[float | None] = tagged(Float)
    credit_at: Mapped[datetime | None] = tagged()


class InboundMessage(Base):
    """A message that a person sent to the city's line."""

    __tablename__ = "inbound"

    id: Mapped[int] = id_column()
    provider_id: Mapped[str] = tagged(String(100), unique=True)
    sender: Mapped[str] = tagged(String(20), index=True, pii="contact", erase="row", person="mobile")
    #: Who had the number when it came; None for a stranger.
    user_id: Mapped[int | None] = tagged(BigId, index=True, erase="row")
    text: Mapped[str] = tagged(Text, pii="content", erase="row")
    received_at: Mapped[datetime] = tagged()
    handled_at: Mapped[datetime | None] = tagged()
    #: When it could not be answered the last time.
    tried_at: Mapped[datetime | None] = tagged()


class NotificationChoices(Base):
    """What a person wants to be told by SMS; without a row the defaults hold."""

    __tablename__ = "notification_choices"

    user_id: Mapped[int] = tagged(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, erase="row"
    )
    #: Every step of one's cases.
    case_notices: Mapped[bool] = tagged(Boolean, default=True)
    #: Reminders of appointments, and questions after a case was closed.
    reminders: Mapped[bool] = tagged(Boolean, default=True)
    #: What the city announces: only to those who asked for it.
    broadcasts: Mapped[bool] = tagged(Boolean, default=False)
    #: For staff: once a day what is new and overdue in the kartable.
    digest: Mapped[bool] = tagged(Boolean, default=False)
    updated_at: Mapped[datetime] = tagged()


class StoredText(Base):
    """The site's own wording of a message, edited in the browser or seeded by the site's files."""

    __tablename__ = "message_texts"
    __table_args__ = {"info": REFERENCE}

    key: Mapped[str] = tagged(String(60), primary_key=True)
    locale: Mapped[str] = tagged(String(10), primary_key=True)
    text: Mapped[str] = tagged(Text)
    updated_at: Mapped[datetime] = tagged()
