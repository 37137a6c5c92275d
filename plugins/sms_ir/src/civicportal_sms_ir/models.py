"""Delivery states of messages at the provider."""

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped

from civicportal.api.database import BigId, UTCDateTime, new_metadata, tagged_column


class SmsIrBase(DeclarativeBase):
    """Base of the plugin's models."""

    metadata = new_metadata()


class Delivery(SmsIrBase):
    """A message accepted by the provider, and its delivery state."""

    __tablename__ = "sms_ir_delivery"

    #: The provider's id.
    provider_id: Mapped[str] = tagged_column(String(40), primary_key=True)
    #: Its id in the outbox.
    message_id: Mapped[int] = tagged_column(BigId, index=True)
    sent_at: Mapped[datetime] = tagged_column(UTCDateTime, index=True)
    #: "pending", "delivered", "failed", "blocked" or "unknown".
    state: Mapped[str] = tagged_column(String(10), default="pending")
    #: Number of requests for a report.
    checks: Mapped[int] = tagged_column(Integer, default=0)
    #: Time of the next request; NEVER after the last.
    next_at: Mapped[datetime] = tagged_column(UTCDateTime, index=True)
