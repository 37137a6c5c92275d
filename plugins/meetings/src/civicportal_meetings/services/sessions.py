"""Public meeting days: seats by quota, waiting lists, and blocked times."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select

from civicportal.api.cases import AccessService, Case, CaseService
from civicportal.api.database import Service, Work
from civicportal.api.forms import Values
from civicportal.api.localization import CityCalendar
from civicportal.api.plugins import NotFound, Refused
from civicportal_meetings.i18n import _
from civicportal_meetings.models import Appointment, MeetingSession, WaitingListEntry
from civicportal_meetings.names import KIND, WORK
from civicportal_meetings.services.diary import DiaryService
from civicportal_meetings.services.period import DiaryPeriod
from civicportal_meetings.services.search import WAITING

QUOTAS = {"public": _("Public seat"), "office": _("Seat of the office")}

_IS_TAKEN = Appointment.ended_at.is_(None) | Appointment.ended_how.in_(("hold", "miss"))
"""States of appointments that occupy a seat."""


@dataclass(frozen=True, kw_only=True)
class NewSession:
    """A new public meeting day; without seats it blocks the time."""

    title: str
    start: datetime
    end: datetime
    place: str = ""
    public_seats: int = 0
    office_seats: int = 0
    reserve_seats: int = 0

    @classmethod
    def of(cls, values: Values, calendar: CityCalendar) -> "NewSession":
        """Return the session of a form."""
        day = values["day"]
        return cls(
            title=values["title"],
            place=values["place"],
            start=calendar.at(day, values["first"]),
            end=calendar.at(day, values["last"]),
            public_seats=values["public_seats"],
            office_seats=values["office_seats"],
            reserve_seats=values["reserve_seats"],
        )


class PublicDayService(Service):
    """Plan sessions and assign their seats."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.diary = work.get(DiaryService)

    # -- planning -------------------------------------------------------------------------------------------

    def plan(self, new: NewSession) -> MeetingSession:
        """Plan a session.

        :raises Refused: when the time is booked.
        """
        self.diary.check(new.start, new.end)
        planned = MeetingSession(
            title=new.title,
            start=new.start,
            end=new.end,
            place=new.place,
            public_seats=new.public_seats,
            office_seats=new.office_seats,
            reserve_seats=new.reserve_seats,
        )
        self.session.add(planned)
        self.session.flush()
        self.diary.take(planned)
        return planned

    def change_seats(self, session_id: int, *, public: int, office: int, waiting_list: int) -> None:
        """Change the number of seats of a session.

        :raises Refused: when more are taken, or the session has begun.
        """
        session = self._coming(session_id)
        taken = {quota: self.taken(session, quota) for quota in QUOTAS}
        if taken["public"] > public or taken["office"] > office:
            raise Refused(_("More seats than this are given already."))
        if (public + office == 0) != session.is_closed_time:
            raise Refused(_("A session has seats, and a closed time has none."))
        session.public_seats, session.office_seats, session.reserve_seats = public, office, waiting_list

    def cancel(self, session_id: int, reason: str) -> None:
        """Cancel a session.

        Its seats can no longer be assigned, and its time is released. Participants keep their appointments until
        :meth:`recall` ends them, each in a separate transaction.

        :param reason: sent to the participants.
        :raises Refused: when the session has begun.
        """
        session = self._coming(session_id)
        session.cancelled_at, session.why = self.work.clock.now(), reason
        self.diary.free(session)
        self.session.execute(delete(WaitingListEntry).where(WaitingListEntry.session_id == session.id))

    def to_recall(self, session_id: int | None = None) -> Sequence[int]:
        """Return the ids of requests with an appointment in a cancelled session.

        :param session_id: of this session only.
        """
        query = select(Appointment.case_id).join(MeetingSession, MeetingSession.id == Appointment.session_id)
        query = query.where(MeetingSession.cancelled_at.is_not(None), Appointment.ended_at.is_(None))
        if session_id is not None:
            query = query.where(MeetingSession.id == session_id)
        return self.session.scalars(query.order_by(Appointment.case_id)).all()

    def recall(self, case_id: int) -> None:
        """End the appointment of a request whose session was cancelled; the office finds another one.

        Requests on which the actor may not act are left to the worker.
        """
        case = self.session.scalar(select(Case).where(Case.id == case_id).with_for_update())
        if case is None or case_id not in self.to_recall():
            return
        if not self.work.get(AccessService).may_act(case, WORK):
            return
        query = select(MeetingSession).join(Appointment, Appointment.session_id == MeetingSession.id)
        standing = (Appointment.case_id == case_id, Appointment.ended_at.is_(None))
        session = self.session.scalars(query.where(*standing)).one()
        self.work.get(CaseService).apply_form(case, "recall", {"public_text": session.why})

    # -- reading --------------------------------------------------------------------------------------------

    def find(self, session_id: int, *, lock: bool = False) -> MeetingSession:
        """Return a session.

        :raises NotFound: when there is none, or it was cancelled.
        """
        query = select(MeetingSession).where(
            MeetingSession.id == session_id, MeetingSession.cancelled_at.is_(None)
        )
        found = self.session.scalar(query.with_for_update() if lock else query)
        if found is None:
            raise NotFound("no such session")
        return found

    def _coming(self, session_id: int) -> MeetingSession:
        """Return a session that can be changed, and lock it."""
        session = self.find(session_id, lock=True)
        if session.start <= self.work.clock.now():
            raise Refused(_("This time has passed already."))
        return session

    def coming(self) -> Sequence[MeetingSession]:
        """Return the future sessions with seats, next first."""
        query = select(MeetingSession).where(
            MeetingSession.start > self.work.clock.now(),
            MeetingSession.cancelled_at.is_(None),
            MeetingSession.public_seats + MeetingSession.office_seats > 0,
        )
        return self.session.scalars(query.order_by(MeetingSession.start, MeetingSession.id)).all()

    def announced(self) -> Sequence[MeetingSession]:
        """Return the sessions with public seats that have not ended, next first; cancelled ones too."""
        query = select(MeetingSession).where(
            MeetingSession.end > self.work.clock.now(), MeetingSession.public_seats > 0
        )
        return self.session.scalars(query.order_by(MeetingSession.start, MeetingSession.id)).all()

    def within(self, period: DiaryPeriod) -> Sequence[MeetingSession]:
        """Return the sessions and blocked times of a period that are not cancelled, in order."""
        query = select(MeetingSession).where(MeetingSession.cancelled_at.is_(None))
        return self.session.scalars(period.narrow(query, MeetingSession)).all()

    # -- seats ----------------------------------------------------------------------------------------------

    def taken(self, session: MeetingSession, quota: str, but: Appointment | None = None) -> int:
        """Return the number of taken seats of a quota."""
        query = (
            select(func.count())
            .select_from(Appointment)
            .where(
                Appointment.session_id == session.id,
                Appointment.seat == quota,
                _IS_TAKEN,
                Appointment.id != (but.id if but else 0),
            )
        )
        return self.session.scalar(query) or 0

    def free(self, session: MeetingSession) -> dict[str, int]:
        """Return the number of free seats of each quota."""
        return self.free_seats([session])[session.id]

    def free_seats(self, sessions: Iterable[MeetingSession]) -> dict[int, dict[str, int]]:
        """Return the free seats of each quota by session."""
        free = {one.id: {"public": one.public_seats, "office": one.office_seats} for one in sessions}
        query = (
            select(MeetingSession.id, Appointment.seat, func.count())
            .join(Appointment, Appointment.session_id == MeetingSession.id)
            .where(MeetingSession.id.in_(free), Appointment.seat.in_(QUOTAS), _IS_TAKEN)
            .group_by(MeetingSession.id, Appointment.seat)
        )
        for session_id, quota, number in self.session.execute(query) if free else ():
            free[session_id][quota] -= number
        return free

    def give_seat(self, session_id: int, quota: str) -> MeetingSession:
        """Return the session if a seat of the quota is free.

        Its row stays locked until the seat is written.

        :raises Refused: when there is none, or the session is over or cancelled.
        """
        session = self._with_free_seat(session_id, quota)
        if session.start <= self.work.clock.now():
            raise Refused(_("This time has passed already."))
        return session

    def retake(self, session_id: int, appointment: Appointment) -> None:
        """Take the seat of an appointment that an undo restores, whether the session has begun or not.

        :raises Refused: when it was assigned since, or the session was cancelled.
        """
        self._with_free_seat(session_id, appointment.seat, but=appointment)

    def _with_free_seat(
        self, session_id: int, quota: str, *, but: Appointment | None = None
    ) -> MeetingSession:
        try:
            session = self.find(session_id, lock=True)
        except NotFound:
            raise Refused(_("This session was cancelled.")) from None
        seats = session.public_seats if quota == "public" else session.office_seats
        if self.taken(session, quota, but) >= seats:
            raise Refused(
                _("No seat of this sort is free in the session. Put the request on the waiting list.")
            )
        return session

    # -- waiting list ------------------------------------------------------------------------------------

    def waiting_list(self, session: MeetingSession) -> list[tuple[WaitingListEntry, Case]]:
        """Return the waiting list, in order."""
        query = (
            select(WaitingListEntry, Case)
            .join(Case, Case.id == WaitingListEntry.case_id)
            .where(WaitingListEntry.session_id == session.id, Case.status.in_(WAITING))
            .order_by(WaitingListEntry.id)
        )
        return [(waiting, case) for waiting, case in self.session.execute(query)]

    def wait(self, session_id: int, case: Case) -> None:
        """Add a request to the end of the waiting list.

        :raises Refused: when it has a time, is on the list already, or the list is full; and when the session has begun.
        """
        if case.kind != KIND or case.status not in WAITING:
            raise Refused(_("Only a request for a meeting that has no time yet can wait for a seat."))
        session = self._coming(session_id)
        waiting = [row.case_id for row, _case in self.waiting_list(session)]
        if case.id in waiting:
            raise Refused(_("The request stands on this waiting list already."))
        if len(waiting) >= session.reserve_seats:
            raise Refused(_("The waiting list of this session is full."))
        self.session.add(
            WaitingListEntry(session_id=session.id, case_id=case.id, created_at=self.work.clock.now())
        )
        self.session.flush()

    def take_off(self, session_id: int, case: Case) -> None:
        """Take a request off the waiting list.

        :raises Refused: when it is not on the list, or the session has begun.
        """
        session = self._coming(session_id)
        for waiting, on_list in self.waiting_list(session):
            if on_list.id == case.id:
                self.session.delete(waiting)
                self.session.flush()
                return
        raise Refused(_("The request does not stand on this waiting list."))
