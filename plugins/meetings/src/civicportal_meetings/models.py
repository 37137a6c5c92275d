"""Requests for meetings, appointments, sessions and orders."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped
from translationstring import TranslationString

from civicportal.api.cases import Case
from civicportal.api.database import BigId, UTCDateTime, id_column, new_metadata, tagged_column
from civicportal_meetings.i18n import _


class MeetingsBase(DeclarativeBase):
    """Base of the plugin's models."""

    metadata = new_metadata()
    type_annotation_map = {datetime: UTCDateTime}


class MeetingRequest(MeetingsBase):
    """The detail of a case of kind "meetings": applicant, companions, preferred times."""

    __tablename__ = "meetings_request"
    __table_args__ = (UniqueConstraint("open_of"), Index(None, "national_code_index"))

    case_id: Mapped[int] = tagged_column(
        BigId, ForeignKey(Case.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    #: The citizen's id while the request is open, else NULL: unique, so a citizen has one open request.
    open_of: Mapped[int | None] = tagged_column(BigId, erase="null")
    #: "natural" for a person, "legal" for the representative of an organisation.
    party: Mapped[str] = tagged_column(String(10))
    #: First and last name of the applicant.
    name: Mapped[str] = tagged_column(String(120), default="", pii="contact", erase="null")
    national_code: Mapped[str | None] = tagged_column(String(200), pii="identity", erase="null", sealed=True)
    national_code_index: Mapped[str | None] = tagged_column(
        String(64), pii="identity", erase="null", export=False
    )
    #: ISO 8601.
    birth_date: Mapped[str | None] = tagged_column(String(200), pii="identity", erase="null", sealed=True)
    organization: Mapped[str] = tagged_column(String(200), default="", pii="content", erase="null")
    #: Obsolete, see ``Case.people``: nodes of the previous release still write it; a later release drops it.
    search_name: Mapped[str] = tagged_column(
        Text, default="", server_default="", deferred=True, pii="contact", erase="null", export=False
    )
    #: Of a legal person; public, so not encrypted.
    legal_id: Mapped[str] = tagged_column(String(20), default="")
    #: The applicant's position in the organisation.
    position: Mapped[str] = tagged_column(String(100), default="", pii="content", erase="null")
    #: Preferred weekdays by the names of ``[calendar] weekend``: "sat", "sun", …; none means every day.
    suitable_days: Mapped[list[str]] = tagged_column(JSON, default=list)
    #: "morning", "noon", or "" for any time of the day.
    suitable_part: Mapped[str] = tagged_column(String(10), default="")
    #: Names of companions.
    companions: Mapped[list[str]] = tagged_column(JSON, default=list, pii="contact", erase="null")


class MeetingSession(MeetingsBase):
    """A public meeting day with seats for requests; one without seats blocks a time."""

    __tablename__ = "meetings_session"
    __table_args__ = (Index(None, "start"), {"sqlite_autoincrement": True})

    id: Mapped[int] = id_column()
    #: Empty for the usual one, see :attr:`heading`.
    title: Mapped[str] = tagged_column(String(100))
    start: Mapped[datetime] = tagged_column()
    end: Mapped[datetime] = tagged_column()
    place: Mapped[str] = tagged_column(String(100), default="")
    public_seats: Mapped[int] = tagged_column(Integer)
    #: Seats assigned by the office itself.
    office_seats: Mapped[int] = tagged_column(Integer)
    #: Maximum length of the waiting list.
    reserve_seats: Mapped[int] = tagged_column(Integer)
    cancelled_at: Mapped[datetime | None] = tagged_column()
    #: Reason of the cancellation, sent to its participants.
    why: Mapped[str] = tagged_column(Text, default="")

    @property
    def heading(self) -> TranslationString | str:
        """Return its title, else the usual one of its sort."""
        return self.title or (_("Closed time") if self.is_closed_time else _("Public meeting with the mayor"))

    @property
    def capacity(self) -> int:
        """Return the number of seats."""
        return self.public_seats + self.office_seats

    @property
    def is_closed_time(self) -> bool:
        """Return whether it only blocks the mayor's time."""
        return self.capacity == 0


class Appointment(MeetingsBase):
    """An appointment of a request.

    Rows are kept: a moved or cancelled one records how it ended.
    """

    __tablename__ = "meetings_appointment"
    __table_args__ = (
        Index(
            "uq_meetings_appointment_standing",
            "case_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
        Index(None, "case_id"),
        Index(None, "start"),
        Index(None, "session_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = id_column()
    case_id: Mapped[int] = tagged_column(BigId, ForeignKey(Case.id, ondelete="CASCADE"))
    start: Mapped[datetime] = tagged_column()
    end: Mapped[datetime] = tagged_column()
    place: Mapped[str] = tagged_column(String(100), default="")
    #: Visible to the citizen; its beginning is in the SMS.
    note: Mapped[str] = tagged_column(String(300), default="", pii="content", erase="null")
    #: Visible to staff only.
    expert_note: Mapped[str] = tagged_column(Text, default="", pii="content", erase="null", export=False)
    session_id: Mapped[int | None] = tagged_column(BigId, ForeignKey(MeetingSession.id, ondelete="SET NULL"))
    #: Quota of the seat: "public" or "office" in a session, else "".
    seat: Mapped[str] = tagged_column(String(10), default="")
    #: The citizen's answer: "", "confirmed" or "other_time".
    response: Mapped[str] = tagged_column(String(12), default="")
    responded_at: Mapped[datetime | None] = tagged_column()
    response_text: Mapped[str] = tagged_column(Text, default="", pii="content", erase="null")
    #: Events of the case: the one that set this time and the one that ended it.
    made_by: Mapped[int] = tagged_column(BigId)
    made_at: Mapped[datetime] = tagged_column()
    ended_by: Mapped[int | None] = tagged_column(BigId)
    ended_at: Mapped[datetime | None] = tagged_column()
    #: The transition that ended it: reschedule, invite, cancel, withdraw, decline_invitation, hold, miss; or "undo".
    ended_how: Mapped[str] = tagged_column(String(40), default="")
    why: Mapped[str] = tagged_column(Text, default="", pii="content", erase="null")
    reminded_at: Mapped[datetime | None] = tagged_column()


class DiarySlot(MeetingsBase):
    """Five booked minutes of the mayor.

    There is one mayor, so the time is the primary key.
    """

    __tablename__ = "meetings_slot"
    __table_args__ = (Index(None, "appointment_id"), Index(None, "session_id"))

    at: Mapped[datetime] = tagged_column(primary_key=True)
    appointment_id: Mapped[int | None] = tagged_column(BigId, ForeignKey(Appointment.id, ondelete="CASCADE"))
    session_id: Mapped[int | None] = tagged_column(BigId, ForeignKey(MeetingSession.id, ondelete="CASCADE"))


class WaitingListEntry(MeetingsBase):
    """A request on the waiting list of a session, ordered by id.

    It counts while the request has no time and is open. The row is kept until the request is back at the office, so that
    an undo of the step that gave it a time or closed it restores its place.
    """

    __tablename__ = "meetings_reserve"
    __table_args__ = (UniqueConstraint("session_id", "case_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = id_column()
    session_id: Mapped[int] = tagged_column(BigId, ForeignKey(MeetingSession.id, ondelete="CASCADE"))
    case_id: Mapped[int] = tagged_column(BigId, ForeignKey(Case.id, ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = tagged_column()


class Order(MeetingsBase):
    """The detail of a case of kind "orders": an order of the mayor in a meeting, and its addressee."""

    __tablename__ = "meetings_order"

    case_id: Mapped[int] = tagged_column(
        BigId, ForeignKey(Case.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    meeting_id: Mapped[int] = tagged_column(BigId, ForeignKey(Case.id, ondelete="CASCADE"), index=True)
    #: Office days.
    deadline_days: Mapped[int] = tagged_column(Integer)
    #: The citizen of the meeting was notified of the result.
    shared_at: Mapped[datetime | None] = tagged_column()
