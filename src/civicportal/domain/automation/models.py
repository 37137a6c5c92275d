"""Tables of automations: what they do, and their runs on cases."""

from datetime import datetime

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, BigId, id_column, tagged_column
from civicportal.core.reference import REFERENCE

_WAITING = text("state = 'waiting'")


class Automation(Base):
    """What the portal does by itself with cases: when, if, then.

    A condition that is None or empty fits every case; an action that is None or empty is not taken.
    """

    __tablename__ = "automations"
    __table_args__ = {"info": REFERENCE, "sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    key: Mapped[str] = tagged_column(String(40), unique=True)
    position: Mapped[int] = tagged_column(Integer)
    #: It stands in the history of the cases.
    title: Mapped[str] = tagged_column(String(100))
    active: Mapped[bool] = tagged_column(Boolean, default=True)
    #: When it was last switched on.
    active_since: Mapped[datetime] = tagged_column()
    #: Whether the portal has switched it off because it failed several times in a row.
    failing: Mapped[bool] = tagged_column(Boolean, default=False)

    #: A name of :data:`~civicportal.domain.automation.triggers.TRIGGERS`.
    trigger: Mapped[str] = tagged_column(String(20))
    #: Working time after which a trigger of age applies, in ``age_unit``: "hours" or "days".
    age: Mapped[float | None] = tagged_column(Float)
    age_unit: Mapped[str] = tagged_column(String(5), default="days")
    #: Whether cases count that had the age before it was switched on.
    backlog: Mapped[bool] = tagged_column(Boolean, default=False)

    kind: Mapped[str | None] = tagged_column(String(40))
    status: Mapped[str | None] = tagged_column(String(40))
    #: With those below, like the unit.
    category_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("categories.id"))
    unit_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("units.id"))
    source: Mapped[str | None] = tagged_column(String(10))
    urgent: Mapped[bool | None] = tagged_column(Boolean)
    #: Facts of the case that must be equal, as of a routing rule.
    facts: Mapped[dict[str, str]] = tagged_column(JSON, default=dict)
    #: A choice that is among the answers of the case. One that was deleted, which no case has, never fits.
    choice_id: Mapped[int | None] = tagged_column(BigId)
    #: One of these, separated by commas or lines, must occur in the words of the case.
    words: Mapped[str] = tagged_column(Text, default="")

    set_urgent: Mapped[bool | None] = tagged_column(Boolean)
    to_unit_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("units.id"))
    to_user_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("users.id", ondelete="SET NULL"))
    #: For staff.
    note: Mapped[str] = tagged_column(Text, default="")
    #: For the citizen, in the language of the site, with the placeholders of ready texts.
    message: Mapped[str] = tagged_column(Text, default="")
    question: Mapped[str] = tagged_column(Text, default="")
    #: Whether the event ``case.automated`` is sent to the webhooks that have ordered it.
    tells: Mapped[bool] = tagged_column(Boolean, default=False)


class AutomationRun(Base):
    """An automation and the event of a case for which it runs, at most once."""

    __tablename__ = "automation_runs"
    __table_args__ = (
        UniqueConstraint("automation_id", "event_id"),
        Index("ix_automation_runs_waiting", "due_at", "id", postgresql_where=_WAITING, sqlite_where=_WAITING),
        Index("ix_automation_runs_done", "automation_id", "state", "done_at"),
        Index("ix_automation_runs_log", "automation_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = id_column()
    automation_id: Mapped[int] = tagged_column(BigId, ForeignKey("automations.id", ondelete="CASCADE"))
    case_id: Mapped[int] = tagged_column(
        BigId, ForeignKey("cases.id", ondelete="CASCADE"), index=True, erase="keep", person=""
    )
    #: The event of the case that caused it; for an age that from which the time counts.
    event_id: Mapped[int] = tagged_column(BigId)
    #: "waiting", "done", "nothing" (the case did not fit, or there was nothing to do), "refused" or "failed".
    state: Mapped[str] = tagged_column(String(10), default="waiting")
    due_at: Mapped[datetime] = tagged_column()
    attempts: Mapped[int] = tagged_column(Integer, default=0)
    #: Version of the case that did not fit; a changed case is looked at again.
    case_version: Mapped[int | None] = tagged_column(Integer)
    #: Why it was refused, as kept by :func:`civicportal.domain.notifications.troubles.keep`.
    reason: Mapped[str] = tagged_column(String(300), default="")
    created_at: Mapped[datetime] = tagged_column()
    done_at: Mapped[datetime | None] = tagged_column()
