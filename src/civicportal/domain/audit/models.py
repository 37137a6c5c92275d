"""The audit trail. Rows are inserted and read, never changed; seals make a later change show."""

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import JSON, Index, Integer, String
from sqlalchemy.orm import Mapped

from civicportal.core.db import (
    Base,
    BigId,
    id_column,
    tagged,
)


class SealedRow:
    """Mixed into a table whose rows are sealed.

    :cvar __stable__: columns that never change; a seal covers them as they stand.
    :cvar __words__: columns that may be blanked later, when a person is forgotten; a seal covers their digests.
    """

    __stable__: ClassVar[tuple[str, ...]]
    __words__: ClassVar[tuple[str, ...]]

    if TYPE_CHECKING:
        id: Mapped[int]
        at: Mapped[datetime]
    #: Keyed digests of the words, in their order; empty in rows from before there were seals.
    digests: Mapped[str] = tagged(String(160), default="", server_default="", export=False)


class AuditEvent(SealedRow, Base):
    """One thing worth knowing later: a login, a denial, a reveal, a change of rights or settings.

    References carry no foreign key: the trail outlives what it speaks of.
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        Index(None, "case_id", "at"),
        Index(None, "subject_id", "at"),
        {"sqlite_autoincrement": True},
    )
    __stable__ = ("at", "action", "actor_id", "door", "subject_id", "case_id")
    __words__ = ("actor_name", "data")

    id: Mapped[int] = id_column()
    at: Mapped[datetime] = tagged(index=True)
    #: ``area:thing``, for instance ``login:citizen`` or ``reveal:contact``.
    action: Mapped[str] = tagged(String(60), index=True)
    actor_id: Mapped[int | None] = tagged(BigId, index=True)
    actor_name: Mapped[str] = tagged(String(120), pii="contact", erase="null", of="actor_id")
    door: Mapped[str] = tagged(String(10))
    #: The person whose data was touched.
    subject_id: Mapped[int | None] = tagged(BigId, person="user")
    case_id: Mapped[int | None] = tagged(BigId, person="")
    data: Mapped[dict[str, object]] = tagged(JSON, default=dict)


class AuditSeal(Base):
    """A seal over some rows of one table; each seal covers the one before it."""

    __tablename__ = "audit_seals"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    at: Mapped[datetime] = tagged(index=True)
    #: Name of the sealed table.
    source: Mapped[str] = tagged(String(60), index=True)
    #: The highest id it covers.
    last_id: Mapped[int] = tagged(BigId)
    #: The sealed ids as closed ranges: a row that was written early and committed late comes in a later seal.
    ranges: Mapped[list[list[int]]] = tagged(JSON)
    #: Rows sealed.
    rows: Mapped[int] = tagged(Integer)
    #: HMAC-SHA256 over the seal before and the rows, 64 hex digits.
    hash: Mapped[str] = tagged(String(64), unique=True)
    #: Two sealers at once cannot both go on from the same seal.
    previous: Mapped[str] = tagged(String(64), unique=True)

    @property
    def anchor(self) -> str:
        """Return number and hash, to be noted elsewhere; in groups, so that no log takes it for a telephone number."""
        groups = [self.hash[start : start + 4] for start in range(0, len(self.hash), 4)]
        return f"{self.id}:{'-'.join(groups)}"
