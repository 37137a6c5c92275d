"""Requests for meetings of an earlier system: applicant, time of the meeting, and how it ended."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from civicportal.api.cases import Case, CaseEvent
from civicportal.api.database import Service, Work
from civicportal.api.plugins import Refused
from civicportal_meetings.i18n import _
from civicportal_meetings.models import Appointment, DiarySlot, MeetingRequest
from civicportal_meetings.names import KIND
from civicportal_meetings.services.diary import DiaryService, moments

COLUMNS = {
    "name": (),
    "party": ("applicant type", "نوع متقاضی", "نوع شخص"),
    "organization": ("company", "سازمان", "شرکت", "نام شرکت"),
    "position": ("سمت", "سمت متقاضی"),
    "national_code": ("national code", "national id", "کد ملی", "کدملی"),
    "companions": ("همراهان",),
    "meeting": ("meeting time", "appointment", "زمان ملاقات", "تاریخ ملاقات"),
    "meeting_end": ("end of the meeting", "پایان ملاقات"),
    "meeting_place": ("place of the meeting", "محل ملاقات"),
}
MOMENTS = ("meeting", "meeting_end")
PERSONAL = ("organization", "position", "national_code", "companions")
LEGAL = frozenset(("legal", "حقوقی"))
LONGEST = timedelta(hours=12)
ENDED_HOW = {"held": "hold", "absent": "miss", "in_review": "recall"}
"""The transition that ends an appointment, by the state after it; for others "cancel"."""
_SEPARATORS = re.compile(r"[;,،\n]")


class MeetingImportService(Service):
    """Times of the future that imported requests take."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._taken: set[datetime] = set()

    def reserve(self, start: datetime, end: datetime) -> None:
        """Reserve a time for a request of this unit of work.

        :raises Refused: when any part of it is booked.
        """
        wanted = set(moments(start, end))
        booked = select(DiarySlot.at).where(DiarySlot.at.in_(wanted)).limit(1)
        if wanted & self._taken or self.session.scalar(booked) is not None:
            raise Refused(_("The mayor has another appointment at this time."))
        self._taken |= wanted


def detail_of(case: Case, texts: Mapping[str, str], work: Work) -> MeetingRequest:
    """Return the detail row of an imported request.

    :raises Refused: for a wrong national code, an open request with a time without that, and a time that is booked.
    """
    code = "".join(str(int(sign)) for sign in texts["national_code"] if sign.isdecimal())
    if texts["national_code"] and not work.site.country.is_national_code(code):
        raise Refused(_("This is not a valid national code."))
    time = _time(texts, work)
    if case.status == "scheduled":
        if time is None:
            raise Refused(_("A request with a time needs the time of its meeting."))
        if time[1] > work.clock.now():
            work.get(MeetingImportService).reserve(*time)
    organization, keys = texts["organization"][:200], work.site.keys
    case.people = organization
    return MeetingRequest(
        party="legal" if organization or texts["party"] in LEGAL else "natural",
        name=texts["name"][:120],
        national_code=keys.encrypt(code) if code else None,
        national_code_index=keys.blind_index(code) if code else None,
        organization=organization,
        position=texts["position"][:100],
        companions=[name.strip()[:80] for name in _SEPARATORS.split(texts["companions"]) if name.strip()],
    )


def written(case: Case, texts: Mapping[str, str], history: Sequence[CaseEvent], work: Work) -> None:
    """Add the appointment of an imported request, and keep its citizen from sending a second one."""
    if case.is_open and case.citizen_id is not None:
        # The earlier system may have allowed several: all are kept, and the first one counts.
        others = select(MeetingRequest.case_id).where(MeetingRequest.open_of == case.citizen_id).limit(1)
        if work.session.scalar(others) is None:
            work.session.get_one(MeetingRequest, case.id).open_of = case.citizen_id
            work.session.flush()
    time = _time(texts, work)
    if time is None:
        return
    made = next((event for event in history if event.after == "scheduled"), history[0])
    appointment = Appointment(
        case_id=case.id,
        start=time[0],
        end=time[1],
        place=texts["meeting_place"][:100],
        made_by=made.id,
        made_at=made.at,
    )
    if case.status != "scheduled":
        after = [event for event in history if event.id > made.id and event.after not in (None, "scheduled")]
        end = after[0] if after else history[-1]
        appointment.ended_by, appointment.ended_at = end.id, end.at
        appointment.ended_how = ENDED_HOW.get(end.after or "", "cancel")
        appointment.why = end.public_text
    work.session.add(appointment)
    work.session.flush()
    if appointment.ended_at is None and appointment.end > work.clock.now():
        work.get(DiaryService).take(appointment)


def _time(texts: Mapping[str, str], work: Work) -> tuple[datetime, datetime] | None:
    """Return start and end of the meeting, None without a time.

    :raises Refused: for an end that is not after the start, or too late.
    """
    if not texts["meeting"]:
        return None
    start = datetime.fromisoformat(texts["meeting"])
    usual = timedelta(minutes=work.site.plugin_settings[KIND]["default_minutes"])
    end = datetime.fromisoformat(texts["meeting_end"]) if texts["meeting_end"] else start + usual
    if not start < end <= start + LONGEST:
        raise Refused(_("The end of the meeting is not after its beginning, or not on the same day."))
    return start, end
