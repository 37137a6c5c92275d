"""The audit trail. Rows are inserted and read, never changed."""

from datetime import datetime

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped

from civicportal.db import Base, BigId, id_column, tagged


class AuditEvent(Base):
    """One thing worth knowing later: a login, a denial, a reveal, a change of rights or settings.

    References carry no foreign key: the trail outlives what it speaks of.
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        Index(None, "case_id", "at"),
        Index(None, "subject_id", "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = id_column()
    at: Mapped[datetime] = tagged(index=True)
    #: ``area:thing``, for instance ``login:citizen`` or ``reveal:contact``.
    action: Mapped[str] = tagged(String(60), index=True)
    actor_id: Mapped[int | None] = tagged(BigId)
    actor_name: Mapped[str] = tagged(String(120), pii="contact", erase="null")
    door: Mapped[str] = tagged(String(10))
    #: The person whose data was touched.
    subject_id: Mapped[int | None] = tagged(BigId)
    case_id: Mapped[int | None] = tagged(BigId)
    data: Mapped[dict[str, object]] = tagged(JSON, default=dict)
