"""What became of the messages that the provider took."""

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped

from civicportal.api import BigId, UTCDateTime, new_metadata, tagged


class SmsIrBase(DeclarativeBase):
    """Base of the plugin's models."""

    metadata = new_metadata()


class Delivery(SmsIrBase):
    """A message that the provider took, and whether it arrived."""

    __tablename__ = "sms_ir_delivery"

    #: The provider's number of it.
    provider_id: Mapped[str] = tagged(String(40), primary_key=True)
    #: Its number in the outbox.
    message_id: Mapped[int] = tagged(BigId, index=True)
    sent_at: Mapped[datetime] = tagged(UTCDateTime, index=True)
    #: "pending", "delivered", "failed", "blocked" or "unknown".
    state: Mapped[str] = tagged(String(10), default="pending")
    #: How often the provider was asked.
    checks: Mapped[int] = tagged(Integer, default=0)
    #: When it is asked next; NEVER when no more.
    next_at: Mapped[datetime] = tagged(UTCDateTime, index=True)
