"""Referrals: what a kartable lists."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, String, Text, TextClause, false, text
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, BigId, id_column, tagged_column
from civicportal.domain.cases.models import Case

_OPEN = text("closed_at IS NULL")
_NEW = text("closed_at IS NULL AND read_at IS NULL")
_OPEN_ACTION = text("type = 'action' AND closed_at IS NULL")
_ELSEWHERE = text("elsewhere IS NOT NULL")
_ADDRESSED = text("type IN ('copy', 'inquiry')")
_EVER = ("kind", "to_unit_id", "category_id", "created_at", "case_id")


def _copied(*args: Any) -> Mapped[Any]:
    """Return a deferred column that triggers fill.

    The session would not notice its change.
    """
    return tagged_column(*args, deferred=True, deferred_raiseload=True, export=False)


def _index(name: str, *columns: str, where: TextClause = _OPEN) -> Index:
    return Index(f"ix_referrals_{name}", *columns, postgresql_where=where, sqlite_where=where)


class Referral(Base):
    """A case sent to a unit or a person.

    An open case has exactly one open referral of type "action".

    Open referrals carry the columns that a kartable is sorted and filtered by, so a page is read from an index however
    many cases are open; every referral carries kind and category of its case, and whether the case is in another unit
    now. Triggers of the database copy them from the case; no other code writes them.
    """

    __tablename__ = "referrals"
    __table_args__ = (
        Index(
            "uq_referrals_open_action",
            "case_id",
            unique=True,
            postgresql_where=_OPEN_ACTION,
            sqlite_where=_OPEN_ACTION,
        ),
        Index(None, "case_id", "id"),
        # Cases that a unit or a person ever had. For open referrals the other indexes serve; with ``closed_at`` here
        # SQLite would read most open referrals by this index.
        Index(None, "to_unit_id", "case_id"),
        # Finds a person's referrals of cases in other units without reading all of them.
        _index("ever_to_user", "to_user_id", *_EVER, where=text("to_user_id IS NOT NULL")),
        _index("ever_taken_by", "taken_by_id", *_EVER, where=text("taken_by_id IS NOT NULL")),
        Index(None, "closed_by_id", "closed_at"),
        # Cases of other units that a unit may see because of a referral, inquiry or copy.
        _index("elsewhere", "to_unit_id", "elsewhere", "created_at", "case_id", where=_ELSEWHERE),
        _index("addressed", "to_unit_id", "case_id", where=_ADDRESSED),
        _index("to_user", "to_user_id", "deadline", "case_id"),
        _index("taken_by", "taken_by_id", "deadline", "case_id"),
        _index("unit_deadline", "to_unit_id", "kind", "deadline", "case_id"),
        _index("unit_sent", "to_unit_id", "kind", "sent_at", "case_id"),
        _index("kind_deadline", "kind", "deadline", "case_id"),
        _index("unit_changed", "to_unit_id", "kind", "changed_at", "case_id"),
        _index("unit_new", "to_unit_id", "kind", "deadline", "case_id", where=_NEW),
        _index("category", "category_id", "deadline", "case_id"),
        _index("deadline", "deadline", "case_id"),
        _index("sent", "sent_at", "case_id"),
        _index("changed", "changed_at", "case_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = id_column()
    case_id: Mapped[int] = tagged_column(BigId, ForeignKey(Case.id, ondelete="CASCADE"))
    #: "action", "copy", "inquiry" or "job".
    type: Mapped[str] = tagged_column(String(10), default="action")
    from_unit_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("units.id"))
    from_user_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("users.id", ondelete="SET NULL"))
    to_unit_id: Mapped[int] = tagged_column(BigId, ForeignKey("units.id"))
    to_user_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("users.id", ondelete="SET NULL"))
    taken_by_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("users.id", ondelete="SET NULL"))
    note: Mapped[str] = tagged_column(Text, default="", pii="content", erase="null", export=False)
    #: The answer to an inquiry, the result of a job.
    answer: Mapped[str] = tagged_column(Text, default="", pii="content", erase="null", export=False)
    #: What routed a new case here: ``rule:<key>``, ``plugin``, ``category``, ``fallback``; ``escalation:<step>`` for an
    #: escalated case.
    rule: Mapped[str] = tagged_column(String(60), default="")
    created_at: Mapped[datetime] = tagged_column()
    read_at: Mapped[datetime | None] = tagged_column()
    closed_at: Mapped[datetime | None] = tagged_column()
    #: "acted", "referred", "returned", "escalated", "answered", "done", "refused", "withdrawn", "closed" or "undone".
    closed_how: Mapped[str | None] = tagged_column(String(10))
    closed_by_id: Mapped[int | None] = tagged_column(BigId)
    #: The previous referral of the chain.
    previous_id: Mapped[int | None] = tagged_column(BigId)
    #: The events of the case that opened and closed the referral; an undo reverts them.
    opened_event_id: Mapped[int | None] = tagged_column(BigId)
    closed_event_id: Mapped[int | None] = tagged_column(BigId)
    #: When a job is due, if its splitter has said so.
    due_at: Mapped[datetime | None] = tagged_column()
    #: Marks of an open referral: returned by its last addressee, of a case that was closed before, for action while an
    #: inquiry or a job of the case is open, for action of a case that its jobs have not closed, for
    #: action while the answer of a contractor waits for the unit.
    returned: Mapped[bool] = tagged_column(Boolean, default=False, server_default=false())
    reopened: Mapped[bool] = tagged_column(Boolean, default=False, server_default=false())
    asked: Mapped[bool] = tagged_column(Boolean, default=False, server_default=false())
    jobs_ended: Mapped[bool] = tagged_column(Boolean, default=False, server_default=false())
    contracted: Mapped[bool] = tagged_column(Boolean, default=False, server_default=false())
    kind: Mapped[str | None] = _copied(String(40))
    category_id: Mapped[int | None] = _copied(BigId)
    #: Copies of columns of the case, valid while the referral is open; ``sent_at`` and ``changed_at`` are its
    #: ``created_at`` and ``updated_at``.
    status: Mapped[str | None] = _copied(String(40))
    stage: Mapped[str | None] = _copied(String(12))
    deadline: Mapped[datetime | None] = _copied()
    paused_at: Mapped[datetime | None] = _copied()
    sent_at: Mapped[datetime | None] = _copied()
    changed_at: Mapped[datetime | None] = _copied()
    #: The kind of a case that is in another unit than the referral's now, or in none; else None. Triggers and indexes
    #: know the column as ``elsewhere``.
    moved_kind: Mapped[str | None] = _copied("elsewhere", String(40))
