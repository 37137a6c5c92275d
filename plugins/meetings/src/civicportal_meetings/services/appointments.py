"""Appointments, updated in the transaction of their case's events."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from civicportal.api.cases import Case, CaseChange, CaseEvent, CaseService
from civicportal.api.database import Service, Work
from civicportal.api.plugins import Conflict, Refused
from civicportal_meetings.i18n import _
from civicportal_meetings.models import Appointment, MeetingRequest, WaitingListEntry
from civicportal_meetings.services.diary import DiaryService
from civicportal_meetings.services.search import WAITING
from civicportal_meetings.services.sessions import PublicDayService
from civicportal_meetings.steps import read_time

SETTING = frozenset({"schedule", "reschedule", "invite"})
"""Transitions that set a time."""
DAYS_FOR_RESULT, DAYS_FOR_NEW_TIME = 1, 3
"""Office days of the deadline for recording a result, and for finding a new time."""
ANSWERS = {"confirm": "confirmed", "ask_another_time": "other_time"}
"""Transitions by which a citizen answers without changing the time."""


class AppointmentService(Service):
    """Current and past appointments of requests."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.diary = work.get(DiaryService)
        self._histories: dict[int, Sequence[Appointment]] = work.memo()

    def current(self, case: Case) -> Appointment | None:
        """Return the current appointment of a request; of a closed request else the last one.

        The last is the one that was held, missed or cancelled.
        """
        history = self.history(case)
        standing = next((one for one in history if one.ended_at is None), None)
        if standing is not None or case.is_open:
            return standing
        return next((one for one in history if one.ended_how != "undo"), None)

    def history(self, case: Case) -> Sequence[Appointment]:
        """Return every appointment of a request, latest first."""
        if case.id in self._histories:
            return self._histories[case.id]
        query = select(Appointment).where(Appointment.case_id == case.id).order_by(Appointment.id.desc())
        found = self.session.scalars(query).all()
        # Rows read during a transition may be rolled back with it.
        if not self.session.in_nested_transaction():
            self._histories[case.id] = found
        return found

    def follow(self, change: CaseChange) -> None:
        """Apply an event of a meeting: set, move, end or answer.

        :raises Refused: when the time is booked, no seat is free, or the citizen has another open request.
        :raises Conflict: when the time that an undo would restore was booked since.
        """
        self._histories.pop(change.case.id, None)
        if change.type == "transition":
            self._step(change.case, change.event)
        elif change.type == "undone":
            self._undo(change.case, change.event)
        else:
            return
        self._histories.pop(change.case.id, None)
        self._keep_one_open(change.case)

    # -- steps ----------------------------------------------------------------------------------------------

    def _step(self, case: Case, event: CaseEvent) -> None:
        name = event.transition or ""
        if name in ANSWERS:
            self._answer(case, event, ANSWERS[name])
            return
        standing = self._standing(case)
        if standing is not None:
            self._end(standing, event, name)
        if case.status in WAITING and event.before not in WAITING:
            self._leave_waiting_lists(case)
        if name in SETTING:
            self._make(case, event, standing)
        elif standing is not None and case.is_open:
            self.work.get(CaseService).set_deadline(case, event.at, DAYS_FOR_NEW_TIME)
        if standing is not None and name not in (*SETTING, "hold", "miss"):
            self.diary.free(standing)

    def _make(self, case: Case, event: CaseEvent, earlier: Appointment | None) -> None:
        made = self._from_seat(event) if event.transition == "invite" else self._from_time(event)
        made.case_id, made.made_by, made.made_at = case.id, event.id, event.at
        self.session.add(made)
        self.session.flush()
        if made.session_id is None:
            self.diary.take(made, instead_of=earlier)
        elif earlier is not None:
            self.diary.free(earlier)
        self.work.get(CaseService).set_deadline(case, made.end, DAYS_FOR_RESULT)

    def _from_time(self, event: CaseEvent) -> Appointment:
        time = read_time(event.data, event.internal_text)
        self.diary.check(time.start, time.end)
        return Appointment(
            start=time.start, end=time.end, place=time.place, note=time.note, expert_note=time.expert_note
        )

    def _from_seat(self, event: CaseEvent) -> Appointment:
        data = event.data
        session = self.work.get(PublicDayService).give_seat(data["session"], data["quota"])
        return Appointment(
            start=session.start,
            end=session.end,
            place=session.place,
            note=data["note"],
            expert_note=event.internal_text,
            session_id=session.id,
            seat=data["quota"],
        )

    def _answer(self, case: Case, event: CaseEvent, answer: str) -> None:
        standing = self._standing(case)
        if standing is not None:
            standing.response, standing.responded_at = answer, event.at
            standing.response_text = event.public_text

    def _end(self, appointment: Appointment, event: CaseEvent, how: str) -> None:
        appointment.ended_at, appointment.ended_by, appointment.ended_how = event.at, event.id, how
        appointment.why = event.public_text
        self.session.flush()

    # -- undo -----------------------------------------------------------------------------------------------

    def _undo(self, case: Case, event: CaseEvent) -> None:
        taken_back = event.data["event"]
        history = self.history(case)
        made = next((one for one in history if one.made_by == taken_back), None)
        ended = next((one for one in history if one.ended_by == taken_back), None)
        if made is not None:
            self._end(made, event, "undo")
        if ended is not None:
            ended.ended_at = ended.ended_by = None
            ended.ended_how = ended.why = ""
            self.session.flush()
            self._take_again(ended, made)
        elif made is not None:
            self.diary.free(made)

    def _take_again(self, appointment: Appointment, instead_of: Appointment | None) -> None:
        try:
            if appointment.session_id is None:
                self.diary.retake(appointment, instead_of)
                return
            self.work.get(PublicDayService).retake(appointment.session_id, appointment)
        except Refused as refusal:
            raise Conflict(str(refusal)) from refusal
        if instead_of is not None:
            self.diary.free(instead_of)

    # -- inside ---------------------------------------------------------------------------------------------

    def _leave_waiting_lists(self, case: Case) -> None:
        # Not as soon as the request gets a time or is closed: an undo of that step restores its place in the order.
        self.session.execute(delete(WaitingListEntry).where(WaitingListEntry.case_id == case.id))

    def _standing(self, case: Case) -> Appointment | None:
        query = select(Appointment).where(Appointment.case_id == case.id, Appointment.ended_at.is_(None))
        return self.session.scalar(query)

    def _keep_one_open(self, case: Case) -> None:
        request = self.session.get(MeetingRequest, case.id)
        if request is None:
            return
        request.open_of = case.citizen_id if case.is_open else None
        try:
            with self.work.savepoint():
                self.session.flush()
        except IntegrityError:
            raise Refused(_("The citizen has another open request by now.")) from None
