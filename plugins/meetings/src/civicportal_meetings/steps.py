"""Event data of transitions that set a time: the source of appointment and SMS."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from civicportal.api.cases import CaseEvent
from civicportal.api.forms import Values
from civicportal.api.notifications import SmsLength
from civicportal_meetings.models import MeetingSession

NOTE_UNITS = 25
"""UTF-16 units of the note for the citizen that fit into the SMS."""


@dataclass(frozen=True, kw_only=True)
class Time:
    """A time for one request.

    :ivar start: aware.
    :ivar minutes: a multiple of five.
    :ivar note: for the citizen.
    :ivar expert_note: for staff.
    """

    start: datetime
    minutes: int
    place: str
    note: str = ""
    expert_note: str = ""

    @property
    def end(self) -> datetime:
        """Return the end."""
        return self.start + timedelta(minutes=self.minutes)


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A seat of a session for one request.

    :ivar quota: "public" or "office".
    """

    session: MeetingSession
    quota: str = "public"
    note: str = ""
    expert_note: str = ""


def time_values(time: Time, reason: str = "") -> dict[str, object]:
    """Return the form values of a time, as ``CaseService.apply_form`` takes them.

    :param reason: why an earlier time is given up, for the citizen.
    """
    return {
        "start": time.start.isoformat(),
        "minutes": time.minutes,
        "place": time.place,
        **_words(time.start, time.note, time.expert_note, reason),
    }


def seat_values(seat: Seat, reason: str = "") -> dict[str, object]:
    """Return the form values of a seat; see :func:`time_values`."""
    return {
        "session": seat.session.id,
        "quota": seat.quota,
        **_words(seat.session.start, seat.note, seat.expert_note, reason),
    }


def read_time(data: Values, expert_note: str) -> Time:
    """Return the time in the data of an event."""
    return Time(
        start=datetime.fromisoformat(data["start"]),
        minutes=int(data["minutes"]),
        place=str(data["place"]),
        note=str(data["note"]),
        expert_note=expert_note,
    )


def _words(moment: datetime, note: str, expert_note: str, reason: str) -> dict[str, object]:
    return {
        "note": note,
        "public_text": reason or note,
        "internal_text": expert_note,
        CaseEvent.NOTICE: notice(moment, note),
    }


def notice(moment: datetime, note: str) -> dict[str, str]:
    """Return the message's values of a time."""
    return {"moment": moment.isoformat(), "note": _beginning(note.strip())}


def _beginning(note: str) -> str:
    """Return the beginning of a note that fits into the SMS: whole words, and an ellipsis."""
    if SmsLength.cut(note, NOTE_UNITS) == note:
        return note
    fitting = SmsLength.cut(note, NOTE_UNITS - 1)
    if not note[len(fitting)].isspace():
        fitting = fitting.rpartition(" ")[0] or fitting
    return f"{fitting.rstrip(' ،,؛;.')}…"
