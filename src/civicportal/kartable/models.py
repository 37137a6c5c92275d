"""Referrals (lines of a kartable) and the rules that route a new case."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Index, Integer, String, Text, TextClause, text
from sqlalchemy.orm import Mapped

from civicportal.cases.models import Case
from civicportal.db import Base, BigId, id_column, tagged
from civicportal.reference import REFERENCE

_OPEN = text("closed_at IS NULL")
_NEW = text("closed_at IS NULL AND read_at IS NULL")
_OPEN_ACTION = text("type = 'action' AND closed_at IS NULL")
_ELSEWHERE = text("elsewhere IS NOT NULL")
_ADDRESSED = text("type IN ('copy', 'inquiry')")
_EVER = ("kind", "to_unit_id", "category_id", "created_at", "case_id")


def _copied(*args: Any) -> Mapped[Any]:
    """Return a column that triggers fill: it is never read with the line, whose session would not see it change."""
    return tagged(*args, deferred=True, deferred_raiseload=True, export=False)


def _lines(name: str, *columns: str, where: TextClause = _OPEN) -> Index:
    return Index(f"ix_referrals_{name}", *columns, postgresql_where=where, sqlite_where=where)


class Referral(Base):
    """One kartable line. An open case has exactly one open line of type "action".

    What a kartable sorts and filters by stands on an open line too, so that a page of it is read from an index however many
    cases are open; and on each line of what kind and category its case is, and whether it has gone to another unit. Triggers of the database
    copy it there from the case; nobody else writes it.
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
        # Which cases a unit or a person ever had. Of open lines the others know; with ``closed_at`` here SQLite, which
        # takes NULL for one moment of many, would gather most open lines by these.
        Index(None, "to_unit_id", "case_id"),
        # Which of somebody's tens of thousands of lines lie in other units is told without reading them.
        _lines("ever_to_user", "to_user_id", *_EVER, where=text("to_user_id IS NOT NULL")),
        _lines("ever_taken_by", "taken_by_id", *_EVER, where=text("taken_by_id IS NOT NULL")),
        Index(None, "closed_by_id", "closed_at"),
        # What a unit sees of cases that lie in others now, and by what it was asked or told.
        _lines("elsewhere", "to_unit_id", "elsewhere", "created_at", "case_id", where=_ELSEWHERE),
        _lines("addressed", "to_unit_id", "case_id", where=_ADDRESSED),
        _lines("to_user", "to_user_id", "deadline", "case_id"),
        _lines("taken_by", "taken_by_id", "deadline", "case_id"),
        _lines("unit_deadline", "to_unit_id", "kind", "deadline", "case_id"),
        _lines("unit_sent", "to_unit_id", "kind", "sent_at", "case_id"),
        _lines("kind_deadline", "kind", "deadline", "case_id"),
        _lines("unit_changed", "to_unit_id", "kind", "changed_at", "case_id"),
        _lines("unit_new", "to_unit_id", "kind", "deadline", "case_id", where=_NEW),
        _lines("category", "category_id", "deadline", "case_id"),
        _lines("deadline", "deadline", "case_id"),
        _lines("sent", "sent_at", "case_id"),
        _lines("changed", "changed_at", "case_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = id_column()
    case_id: Mapped[int] = tagged(BigId, ForeignKey(Case.id, ondelete="CASCADE"))
    #: "action", "copy" or "inquiry".
    type: Mapped[str] = tagged(String(10), default="action")
    from_unit_id: Mapped[int | None] = tagged(BigId, ForeignKey("units.id"))
    from_user_id: Mapped[int | None] = tagged(BigId, ForeignKey("users.id", ondelete="SET NULL"))
    to_unit_id: Mapped[int] = tagged(BigId, ForeignKey("units.id"))
    to_user_id: Mapped[int | None] = tagged(BigId, ForeignKey("users.id", ondelete="SET NULL"))
    taken_by_id: Mapped[int | None] = tagged(BigId, ForeignKey("users.id", ondelete="SET NULL"))
    note: Mapped[str] = tagged(Text, default="", pii="content", erase="null", export=False)
    #: What an inquiry was answered.
    answer: Mapped[str] = tagged(Text, default="", pii="content", erase="null", export=False)
    #: What routed a new case here: ``rule:<key>``, ``plugin``, ``category``, ``fallback``; ``escalation:<step>`` of what
    #: went up after its deadline.
    rule: Mapped[str] = tagged(String(60), default="")
    created_at: Mapped[datetime] = tagged()
    read_at: Mapped[datetime | None] = tagged()
    closed_at: Mapped[datetime | None] = tagged()
    #: "acted", "referred", "returned", "escalated", "answered", "closed" or "undone".
    closed_how: Mapped[str | None] = tagged(String(10))
    closed_by_id: Mapped[int | None] = tagged(BigId)
    #: The line before this one in the chain.
    previous_id: Mapped[int | None] = tagged(BigId)
    #: The events of the case that opened and closed the line: an undo follows them.
    opened_event_id: Mapped[int | None] = tagged(BigId)
    closed_event_id: Mapped[int | None] = tagged(BigId)
    kind: Mapped[str | None] = _copied(String(40))
    category_id: Mapped[int | None] = _copied(BigId)
    #: Copies of the case, right while the line is open; ``sent_at`` and ``changed_at`` are its ``created_at`` and
    #: ``updated_at``.
    status: Mapped[str | None] = _copied(String(40))
    stage: Mapped[str | None] = _copied(String(12))
    deadline: Mapped[datetime | None] = _copied()
    paused_at: Mapped[datetime | None] = _copied()
    sent_at: Mapped[datetime | None] = _copied()
    changed_at: Mapped[datetime | None] = _copied()
    #: The kind of a case that lies in another unit than the line's now, or in none; else None.
    elsewhere: Mapped[str | None] = _copied(String(40))


class RoutingRule(Base):
    """An ordered rule of the site: the first that fits says where a new case goes."""

    __tablename__ = "routing_rules"
    __table_args__ = {"info": REFERENCE}

    id: Mapped[int] = id_column()
    key: Mapped[str] = tagged(String(40), unique=True)
    position: Mapped[int] = tagged(Integer)
    title: Mapped[str] = tagged(String(200), default="")
    kind: Mapped[str | None] = tagged(String(40))
    #: A root category covers its leaves.
    category_id: Mapped[int | None] = tagged(BigId, ForeignKey("categories.id"))
    #: Facts of the case that must be equal, for instance ``{"district": "…"}``; a kind says which it has.
    facts: Mapped[dict[str, str]] = tagged(JSON, default=dict)
    unit_id: Mapped[int] = tagged(BigId, ForeignKey("units.id"))
    user_id: Mapped[int | None] = tagged(BigId, ForeignKey("users.id", ondelete="SET NULL"))
    #: Office days; None leaves the category's.
    deadline_days: Mapped[float | None] = tagged(Float)
    active: Mapped[bool] = tagged(Boolean, default=True)


class ReadyText(Base):
    """Words that staff often write to citizens; the forms of steps offer them."""

    __tablename__ = "ready_texts"
    __table_args__ = (Index(None, "kind", "position"), {"info": REFERENCE})

    id: Mapped[int] = id_column()
    kind: Mapped[str] = tagged(String(40))
    #: Name of the transition that offers it; empty for every one that asks for words.
    transition: Mapped[str] = tagged(String(40), default="")
    position: Mapped[int] = tagged(Integer)
    title: Mapped[str] = tagged(String(100))
    #: Fields in braces are filled in, see :data:`~civicportal.kartable.ready_texts.FIELDS`.
    text: Mapped[str] = tagged(Text)
    active: Mapped[bool] = tagged(Boolean, default=True)
