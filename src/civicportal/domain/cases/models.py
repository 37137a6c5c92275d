"""Tables of cases. Plugins have 1:1 detail tables."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Select,
    String,
    Text,
    UniqueConstraint,
    false,
    select,
    text,
)
from sqlalchemy.orm import Mapped, relationship

from civicportal.core.db import NEVER, Base, BigId, id_column, tagged_column
from civicportal.domain.accounts.models import User
from civicportal.domain.audit.models import SealedRow
from civicportal.domain.cases.public_type import PublicString

_OPEN = text("stage IN ('registered', 'in_progress')")
_UNMEASURED = text("closed_at IS NOT NULL AND handling_minutes IS NULL")


class Case(Base):
    """A request of a citizen, of one kind.

    One concrete table for all kinds; ``kind`` names the plugin's :class:`~civicportal.domain.cases.workflow.CaseKind`.
    """

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("idempotency_key"),
        Index(None, "citizen_id", "created_at"),
        Index(None, "kind", "stage", "created_at", "id"),
        Index(None, "kind", "status", "created_at", "id"),
        Index(None, "unit_id", "stage", "deadline"),
        Index(None, "category_id", "stage"),
        # Covering index for statistics of a span of days.
        Index(
            "ix_cases_figures",
            "kind",
            "created_at",
            "category_id",
            "unit_id",
            "handling_minutes",
            "citizen_id",
            # Finds the cases of an officer's units; SQLite has these columns in every index.
            postgresql_include=["id"],
        ),
        Index(
            "ix_cases_open",
            "kind",
            "created_at",
            "deadline",
            "paused_at",
            "category_id",
            "unit_id",
            postgresql_where=_OPEN,
            sqlite_where=_OPEN,
        ),
        # Every sort order of a list has an index, or a large list would be sorted for each page.
        Index(None, "kind", "updated_at", "id"),
        Index(None, "kind", "deadline", "id"),
        # The earliest deadlines of all are those of cases closed long ago.
        Index(
            "ix_cases_open_deadline",
            "kind",
            "deadline",
            "id",
            postgresql_where=_OPEN,
            sqlite_where=_OPEN,
        ),
        Index("ix_cases_unmeasured", "id", postgresql_where=_UNMEASURED, sqlite_where=_UNMEASURED),
        Index(
            "ix_cases_public",
            "kind",
            "created_at",
            "id",
            postgresql_where=text("public"),
            sqlite_where=text("public = 1"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = id_column(person="case")
    #: Ten decimal digits, the last one a check digit.
    code: Mapped[str] = tagged_column(String(10), unique=True)
    kind: Mapped[str] = tagged_column(String(40))
    citizen_id: Mapped[int | None] = tagged_column(
        BigId, ForeignKey("users.id", ondelete="SET NULL"), erase="null"
    )
    #: Generated, or the citizen's words: see :attr:`civicportal.domain.cases.workflow.CaseKind.own_subject`.
    subject: Mapped[str] = tagged_column(String(200))
    place: Mapped[str] = tagged_column(String(300), default="", pii="content", erase="null")
    body: Mapped[str] = tagged_column(Text, default="", pii="content", erase="null")
    #: The public text, once an officer has published the case.
    public_body: Mapped[str | None] = tagged_column(PublicString(), pii="content", erase="null")
    category_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("categories.id"))
    unit_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("units.id"))
    status: Mapped[str] = tagged_column(String(40))
    stage: Mapped[str] = tagged_column(String(12))
    urgent: Mapped[bool] = tagged_column(Boolean, default=False)
    #: Published by an officer.
    public: Mapped[bool] = tagged_column(Boolean, default=False)
    #: One of :data:`civicportal.domain.cases.sources.SOURCES`.
    source: Mapped[str] = tagged_column(String(10), default="web")
    created_at: Mapped[datetime] = tagged_column(index=True)
    updated_at: Mapped[datetime] = tagged_column()
    closed_at: Mapped[datetime | None] = tagged_column(index=True)
    deadline: Mapped[datetime] = tagged_column(default=NEVER)
    #: Seconds of working time after this start; see :mod:`civicportal.domain.cases.deadlines`.
    deadline_from: Mapped[datetime | None] = tagged_column()
    deadline_work: Mapped[int | None] = tagged_column(Integer)
    #: Start of a pause of the deadline.
    paused_at: Mapped[datetime | None] = tagged_column()
    #: Working time from registration to the last closing, in minutes; None while the case is open.
    handling_minutes: Mapped[int | None] = tagged_column(Integer)
    #: Number of reopenings, and of referrals and returns.
    reopenings: Mapped[int] = tagged_column(Integer, default=0, server_default="0")
    hops: Mapped[int] = tagged_column(Integer, default=0, server_default="0")
    #: Number of ratings of the last closing, and of those with four or five stars.
    rated: Mapped[int] = tagged_column(Integer, default=0, server_default="0")
    satisfied: Mapped[int] = tagged_column(Integer, default=0, server_default="0")
    version: Mapped[int] = tagged_column(Integer, nullable=False, default=1)
    #: Search words, see :func:`civicportal.util.persian.folded`; triggers maintain their index.
    search_text: Mapped[str] = tagged_column(
        Text, default="", deferred=True, pii="content", erase="null", export=False
    )
    #: Names by which the case is found besides its citizen's, one per line: a visitor's, a company's.
    people: Mapped[str] = tagged_column(
        Text, default="", server_default="", deferred=True, pii="contact", erase="null", export=False
    )
    #: The words of the citizen's name and of these names.
    search_person: Mapped[str] = tagged_column(
        String(400), default="", server_default="", deferred=True, pii="contact", erase="null", export=False
    )
    #: Keyed hash of the 4-digit PIN of a case without a citizen.
    pin_hash: Mapped[str | None] = tagged_column(String(64), export=False)
    idempotency_key: Mapped[str | None] = tagged_column(String(80))

    __mapper_args__ = {"version_id_col": version}

    citizen: Mapped[User | None] = relationship(lazy="raise_on_sql")

    @property
    def is_open(self) -> bool:
        """Return whether the case is open."""
        return self.stage in ("registered", "in_progress")

    @property
    def is_reopened(self) -> bool:
        """Return whether the case is open again after a closing."""
        return self.is_open and self.reopenings > 0


class CaseEvent(SealedRow, Base):
    """An entry of a case's history: rows are inserted and read, never changed."""

    __tablename__ = "case_events"
    __table_args__ = (
        Index(None, "case_id", "id"),
        # What other software asks for that polls updates.
        Index(
            "ix_case_events_public",
            "at",
            "id",
            postgresql_where=text("public"),
            sqlite_where=text("public = 1"),
        ),
        {"sqlite_autoincrement": True},
    )
    __stable__ = (
        "at",
        "case_id",
        "type",
        "transition",
        "before",
        "after",
        "actor_id",
        "realm",
        "on_behalf_of_id",
        "unit_id",
        "public",
    )
    __words__ = ("actor_name", "public_text", "internal_text", "data")

    NOTICE = "notice"
    """Key of ``data`` under which a transition may set values of the message. A mapping with ``moment`` (ISO 8601,
    aware: date and time in the message, if not those of the change) and ``note`` (the placeholder ``NOTE``, at most 25
    UTF-16 units).
    """

    id: Mapped[int] = id_column()
    case_id: Mapped[int] = tagged_column(BigId, ForeignKey("cases.id", ondelete="CASCADE"), erase="keep")
    #: opened, transition, referred, taken, returned, copied, inquiry, withdrawn, answered, commented, rated, corrected,
    #: undone, …
    type: Mapped[str] = tagged_column(String(20))
    #: Name of the transition, if it was one.
    transition: Mapped[str | None] = tagged_column(String(40))
    before: Mapped[str | None] = tagged_column(String(40))
    after: Mapped[str | None] = tagged_column(String(40))
    actor_id: Mapped[int | None] = tagged_column(BigId, index=True)
    actor_name: Mapped[str] = tagged_column(
        String(120), default="", pii="contact", erase="null", of="actor_id"
    )
    # The column keeps its first name: renaming it would need a migration of a table that triggers protect.
    realm: Mapped[str] = tagged_column("door", String(10))
    on_behalf_of_id: Mapped[int | None] = tagged_column(BigId)
    unit_id: Mapped[int | None] = tagged_column(BigId)
    #: Visible to the citizen.
    public: Mapped[bool] = tagged_column(Boolean, default=False)
    public_text: Mapped[str] = tagged_column(Text, default="", pii="content", erase="null")
    internal_text: Mapped[str] = tagged_column(Text, default="", pii="content", erase="null", export=False)
    data: Mapped[dict[str, Any]] = tagged_column(
        JSON, default=dict, pii="content", erase="null", export=False
    )
    at: Mapped[datetime] = tagged_column()

    @property
    def is_by_follower(self) -> bool:
        """Return whether it is a note of a follower, which staff and its author read."""
        return self.type == "noted" and not self.public

    @property
    def automation(self) -> str:
        """Return the title of the automation that did it, else an empty text."""
        is_own = self.realm == "system" and self.actor_name.startswith(AUTOMATION)
        return self.actor_name.removeprefix(AUTOMATION) if is_own else ""


def notes_of_follower(user_id: int) -> Select[int]:
    """Return the query for the ids of a person's notes on cases that they follow."""
    mine = (CaseEvent.actor_id == user_id, CaseEvent.type == "noted", ~CaseEvent.public)
    return select(CaseEvent.id).where(*mine)


JOB_DONE, JOB_REFUSED = "job_done", "job_refused"
"""``CaseEvent.type`` of the end of a job by its unit; pictures of it are internal."""
CALLED = "called"
"""``CaseEvent.type`` of a call that was added to an open case; its ``data`` has ``caller_id`` and ``source``."""
CONTRACTED = "contractor_said"
"""``CaseEvent.type`` of what a contractor has said by a link; its ``data`` has ``contractor``, ``link``, ``outcome``."""
IMPORTED = "imported"
"""Key of ``CaseEvent.data`` in entries that an import has written; its value is the time of the import (ISO 8601)."""
AUTOMATION = "automation:"
"""Prefix of the title of an automation in ``CaseEvent.actor_name``."""
AUTOMATED = "automated"
"""``CaseEvent.type`` of what an automation tells other software."""
CONVERTED = "converted"
"""``CaseLink.type`` from a closed case to its successor of another kind."""


class CaseLink(Base):
    """A link between two cases."""

    __tablename__ = "case_links"
    __table_args__ = (
        UniqueConstraint("from_id", "to_id", "type"),
        CheckConstraint("from_id <> to_id", name="not_itself"),
    )

    id: Mapped[int] = id_column()
    from_id: Mapped[int] = tagged_column(BigId, ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    to_id: Mapped[int] = tagged_column(BigId, ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    #: "duplicate", "follow_up" or "converted".
    type: Mapped[str] = tagged_column(String(20))
    created_at: Mapped[datetime] = tagged_column()


class CaseReference(Base):
    """The code by which an earlier system knew an imported case.

    Several cases may have the same one, from different systems.
    """

    __tablename__ = "case_references"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    case_id: Mapped[int] = tagged_column(BigId, ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    #: Name of the earlier system.
    source: Mapped[str] = tagged_column(String(60))
    #: As it was written there.
    code: Mapped[str] = tagged_column(String(60))
    #: For comparison, see :func:`civicportal.domain.cases.references.reference_key`.
    code_key: Mapped[str] = tagged_column(String(60), index=True)


class Attachment(Base):
    """A picture.

    Its files are named by its own random key and never shared.
    """

    __tablename__ = "attachments"
    __table_args__ = (Index(None, "case_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = id_column()
    key: Mapped[str] = tagged_column(String(22), unique=True)
    #: None until a case claims it, within 24 hours.
    case_id: Mapped[int | None] = tagged_column(
        BigId, ForeignKey("cases.id", ondelete="CASCADE"), erase="row", person="case"
    )
    event_id: Mapped[int | None] = tagged_column(BigId)
    #: Who may claim it: the hash of the session or visitor token that uploaded it.
    owner: Mapped[str] = tagged_column(String(64), default="", export=False)
    #: The sender; the picture belongs to the case, so an officer's stay after they leave.
    user_id: Mapped[int | None] = tagged_column(BigId, person="")
    #: "citizen", "staff" or "public": who sees it besides staff with access to the case.
    audience: Mapped[str] = tagged_column(String(10), default="citizen")
    #: "before": sent by the citizen; "after": the finished work; "job_before" and "job_after": of a contractor.
    purpose: Mapped[str] = tagged_column(String(10), default="before")
    content_type: Mapped[str] = tagged_column(String(40))
    #: Pixels.
    width: Mapped[int] = tagged_column(Integer)
    height: Mapped[int] = tagged_column(Integer)
    #: Bytes of the large version.
    size: Mapped[int] = tagged_column(Integer)
    sha256: Mapped[str] = tagged_column(String(64), pii="content", erase="row")
    created_at: Mapped[datetime] = tagged_column(index=True)


class Rating(Base):
    """A citizen's rating of one closing."""

    __tablename__ = "ratings"
    __table_args__ = (
        UniqueConstraint("case_id", "user_id", "closing_id"),
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
        Index(None, "updated_at", "two_answers", "stars"),
    )

    id: Mapped[int] = id_column()
    case_id: Mapped[int] = tagged_column(BigId, ForeignKey("cases.id", ondelete="CASCADE"))
    user_id: Mapped[int] = tagged_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), index=True, erase="row"
    )
    #: The event that closed the case.
    closing_id: Mapped[int] = tagged_column(BigId)
    #: The answer to a question with two answers is stored as 5 or 1, and does not count among stars.
    stars: Mapped[int] = tagged_column(Integer)
    two_answers: Mapped[bool] = tagged_column(Boolean, default=False, server_default=false())
    words: Mapped[str] = tagged_column(Text, default="", pii="content", erase="row")
    created_at: Mapped[datetime] = tagged_column()
    updated_at: Mapped[datetime] = tagged_column()


class Follower(Base):
    """A citizen who follows another person's case and receives its notifications."""

    __tablename__ = "followers"

    case_id: Mapped[int] = tagged_column(BigId, ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = tagged_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True, erase="row"
    )
    muted: Mapped[bool] = tagged_column(Boolean, default=False)
    created_at: Mapped[datetime] = tagged_column()
