"""The audit trail.

Rows are inserted and read, never changed; seals reveal a later change.
"""

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import JSON, Index, Integer, String
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, BigId, id_column, tagged_column


class SealedRow:
    """Mixin of tables whose rows are sealed.

    :cvar __stable__: columns that never change; a seal covers their values.
    :cvar __words__: columns that may be emptied later for erasure; a seal covers their digests.
    """

    __stable__: ClassVar[tuple[str, ...]]
    __words__: ClassVar[tuple[str, ...]]

    if TYPE_CHECKING:
        id: Mapped[int]
        at: Mapped[datetime]
    #: Keyed digests of the texts, in order; empty in rows from before seals were introduced.
    digests: Mapped[str] = tagged_column(String(160), default="", server_default="", export=False)


class AuditEvent(SealedRow, Base):
    """An entry of the audit trail.

    There are no foreign keys: the trail outlives the referenced rows.
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        Index(None, "case_id", "at"),
        Index(None, "subject_id", "at"),
        {"sqlite_autoincrement": True},
    )
    __stable__ = ("at", "action", "actor_id", "realm", "subject_id", "case_id")
    __words__ = ("actor_name", "data")

    id: Mapped[int] = id_column()
    at: Mapped[datetime] = tagged_column(index=True)
    #: ``area:thing``, for instance ``login:citizen`` or ``reveal:contact``.
    action: Mapped[str] = tagged_column(String(60), index=True)
    actor_id: Mapped[int | None] = tagged_column(BigId, index=True)
    actor_name: Mapped[str] = tagged_column(String(120), pii="contact", erase="null", of="actor_id")
    # The column keeps its first name: renaming it would need a migration of a table that triggers protect.
    realm: Mapped[str] = tagged_column("door", String(10))
    #: The person whose data was touched.
    subject_id: Mapped[int | None] = tagged_column(BigId, person="user")
    case_id: Mapped[int | None] = tagged_column(BigId, person="")
    data: Mapped[dict[str, object]] = tagged_column(JSON, default=dict)


class AuditSeal(Base):
    """A seal over rows, including the previous seal."""

    __tablename__ = "audit_seals"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    at: Mapped[datetime] = tagged_column(index=True)
    #: Name of the sealed table.
    source: Mapped[str] = tagged_column(String(60), index=True)
    #: The highest id it covers.
    last_id: Mapped[int] = tagged_column(BigId)
    #: The sealed ids as closed ranges: a row that was written early and committed late is in a later seal.
    ranges: Mapped[list[list[int]]] = tagged_column(JSON)
    #: Number of sealed rows.
    rows: Mapped[int] = tagged_column(Integer)
    #: HMAC-SHA256 over the previous seal and the rows, 64 hex digits.
    hash: Mapped[str] = tagged_column(String(64), unique=True)
    #: Prevents two concurrent seals after the same one.
    previous: Mapped[str] = tagged_column(String(64), unique=True)

    @property
    def anchor(self) -> str:
        """Return number and hash, to be stored elsewhere.

        They are grouped, so that no log filter takes them for a telephone number.
        """
        groups = [self.hash[start : start + 4] for start in range(0, len(self.hash), 4)]
        return f"{self.id}:{'-'.join(groups)}"
