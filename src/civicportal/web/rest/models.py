"""The table of idempotency keys."""

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, id_column, tagged_column


class RepeatableCall(Base):
    """A call of the API that made something, so that the same call again does not make it twice.

    It refers to what was made instead of holding the answer, which may contain data of people.
    """

    __tablename__ = "repeatable_calls"
    __table_args__ = (UniqueConstraint("caller", "key_hash"), {"sqlite_autoincrement": True})

    id: Mapped[int] = id_column()
    #: The token that called, or the person.
    caller: Mapped[str] = tagged_column(String(40))
    #: Keyed hashes of the idempotency key, and of path and body.
    key_hash: Mapped[str] = tagged_column(String(32))
    body_hash: Mapped[str] = tagged_column(String(32))
    #: What was made, as its operation names it.
    made: Mapped[str] = tagged_column(String(100))
    created_at: Mapped[datetime] = tagged_column(index=True)
