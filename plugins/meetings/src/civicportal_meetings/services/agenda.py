"""The mayor's agenda, within the actor's scope."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, select

from civicportal.api.cases import AccessService, Case
from civicportal.api.database import Service, Work
from civicportal.api.localization import format_number
from civicportal.api.organization import OrganizationService
from civicportal_meetings.i18n import _
from civicportal_meetings.models import Appointment, MeetingRequest, MeetingSession, WaitingListEntry
from civicportal_meetings.services.period import DiaryPeriod
from civicportal_meetings.services.search import WAITING
from civicportal_meetings.services.sessions import PublicDayService
from civicportal_meetings.week import Day, DiaryEntry

HELD = ("hold", "miss")


@dataclass(frozen=True, kw_only=True)
class Visit:
    """An appointment with its request.

    :ivar name: of the applicant; empty without the right to see it.
    """

    appointment: Appointment
    case: Case
    request: MeetingRequest
    name: str


@dataclass(frozen=True, kw_only=True)
class WaitingRequest:
    """A request on the waiting list of a session.

    :ivar name: of the applicant; empty without the right to see it.
    """

    entry: WaitingListEntry
    case: Case
    name: str


class AgendaService(Service):
    """Read the appointments and sessions of a period."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.calendar = work.get(OrganizationService).calendar
        self.access = work.get(AccessService)

    def days(self, first: date, count: int, *further: DiaryEntry) -> list[Day]:
        """Return the days of the desk with their entries.

        :param further: additional entries.
        """
        dates = [first + timedelta(days=number) for number in range(count)]
        period = DiaryPeriod.of_days(self.calendar, first, dates[-1])
        entries = sorted(
            [*self._meetings(period), *self._sessions(period), *further],
            key=lambda entry: entry.start,
        )
        return [
            Day(
                day=day,
                working=self.calendar.is_working_day(day),
                entries=[entry for entry in entries if self.calendar.today(entry.start) == day],
            )
            for day in dates
        ]

    def visits(self, period: DiaryPeriod, response: str | None = None) -> list[Visit]:
        """Return the current and past appointments of a period, ordered by time.

        :param response: only those with this answer of the citizen.
        """
        answered = () if response is None else (Appointment.response == response,)
        return self._visits(*answered, period=period)

    def asking(self) -> list[Visit]:
        """Return the future appointments for which the citizens ask for another time."""
        return self._visits(*self._asked())

    def asking_number(self) -> int:
        """Return the number of :meth:`asking`."""
        query = select(Appointment.id).join(Case, Case.id == Appointment.case_id)
        return len(self.session.scalars(query.where(*self._asked(), self.access.visible())).all())

    def _asked(self) -> list[ColumnElement[bool]]:
        return [
            Appointment.start > self.work.clock.now(),
            Appointment.ended_at.is_(None),
            Appointment.response == "other_time",
        ]

    def members(self, session: MeetingSession) -> list[Visit]:
        """Return the participants of a session, ordered by invitation."""
        return self._visits(Appointment.session_id == session.id)

    def waiting(self, session: MeetingSession) -> list[WaitingRequest]:
        """Return the waiting list of a session, in order, within the actor's scope."""
        query = (
            select(WaitingListEntry, Case, MeetingRequest)
            .join(Case, Case.id == WaitingListEntry.case_id)
            .join(MeetingRequest, MeetingRequest.case_id == Case.id)
            .where(WaitingListEntry.session_id == session.id, Case.status.in_(WAITING), self.access.visible())
            .order_by(WaitingListEntry.id)
        )
        rows = self.session.execute(query).all()
        self.access.load_referrals(case for _entry, case, _request in rows)
        return [
            WaitingRequest(entry=entry, case=case, name=self.name(case, request))
            for entry, case, request in rows
        ]

    def _visits(self, *conditions: ColumnElement[bool], period: DiaryPeriod | None = None) -> list[Visit]:
        query = (
            select(Appointment, Case, MeetingRequest)
            .join(Case, Case.id == Appointment.case_id)
            .join(MeetingRequest, MeetingRequest.case_id == Case.id)
            .where(
                *conditions,
                Appointment.ended_at.is_(None) | Appointment.ended_how.in_(HELD),
                self.access.visible(),
            )
        )
        query = (period or DiaryPeriod()).narrow(query, Appointment)
        rows = self.session.execute(query).all()
        self.access.load_referrals(case for _one, case, _request in rows)
        return [
            Visit(appointment=one, case=case, request=request, name=self.name(case, request))
            for one, case, request in rows
        ]

    def detail(self, case: Case) -> MeetingRequest:
        """Return the detail row of a request."""
        return self.session.get_one(MeetingRequest, case.id)

    def name(self, case: Case, request: MeetingRequest) -> str:
        """Return the applicant's name, if the actor may see it."""
        if not self.access.can(case, "contact"):
            return ""
        return request.organization or request.name

    def _meetings(self, period: DiaryPeriod) -> list[DiaryEntry]:
        return [
            DiaryEntry(
                start=visit.appointment.start,
                end=visit.appointment.end,
                title=visit.name or visit.case.subject,
                detail=visit.case.subject if visit.name else "",
                url=f"/kartable/cases/{visit.case.code}",
                tone="" if visit.appointment.response == "confirmed" or visit.appointment.ended_at else "p",
                asks=visit.appointment.response == "other_time",
            )
            for visit in self.visits(period)
            if visit.appointment.session_id is None
        ]

    def _sessions(self, period: DiaryPeriod) -> list[DiaryEntry]:
        service = self.work.get(PublicDayService)
        sessions = service.within(period)
        free = service.free_seats(sessions)
        return [
            DiaryEntry(
                start=session.start,
                end=session.end,
                title=session.heading,
                detail=self._seats(session, sum(free[session.id].values())),
                url=f"/desk/meetings/sessions/{session.id}",
                tone="x" if session.is_closed_time else "",
            )
            for session in sessions
        ]

    def _seats(self, session: MeetingSession, free: int) -> str:
        localizer, locale = self.work.site.localizer(self.work.locale), self.work.locale
        if session.is_closed_time:
            return str(localizer.translate(_("Closed time")))
        numbers = {"free": format_number(free, locale), "all": format_number(session.capacity, locale)}
        return str(localizer.translate(_("${free} of ${all} seats free", mapping=numbers)))
