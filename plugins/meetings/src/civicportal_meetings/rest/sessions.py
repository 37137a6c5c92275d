"""Public meeting days and closed times in the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypedDict

from civicportal.api.cases import Case, CaseService, Reason
from civicportal.api.database import Work
from civicportal.api.forms import Node, StrictSchema, TrackingCode
from civicportal.api.plugins import NotFound, Refused
from civicportal.api.rest import Call, Listed, Operation
from civicportal.api.web import PagePermission
from civicportal_meetings.desk_schemas import Seats, SessionSchema
from civicportal_meetings.i18n import _
from civicportal_meetings.jobs import recall_all
from civicportal_meetings.models import MeetingSession
from civicportal_meetings.names import SESSIONS, VIEW
from civicportal_meetings.rest.appointments import VisitItem, visit_item
from civicportal_meetings.rest.cases import READ
from civicportal_meetings.rest.periods import PeriodQuery, page_of, period_of
from civicportal_meetings.services import NewSession, PublicDayService
from civicportal_meetings.services.agenda import AgendaService, Visit, WaitingRequest

WRITE = "meetings:write"
ONE = "/meetings/sessions/{id:[1-9][0-9]{0,17}}"


class MeetingDayItem(TypedDict):
    """A public meeting day."""

    id: int
    start: datetime
    end: datetime
    place: str
    cancelled: bool


class SessionItem(MeetingDayItem):
    """A session: a public meeting day, or without seats a closed time."""

    title: Annotated[str, _("Its title, or the usual one in the caller's language")]
    closed: Annotated[bool, _("Whether it has no seats and only keeps the time free")]
    public_seats: int
    office_seats: Annotated[int, _("Seats that the office gives away by itself")]
    reserve_seats: Annotated[int, _("Places of the waiting list")]
    free_public_seats: int
    free_office_seats: int


class WaitingItem(TypedDict):
    """A request on the waiting list of a session."""

    request: Annotated[str, _("The tracking code")]
    subject: str
    name: Annotated[str | None, _("Name of the applicant; only with the right to see it")]
    since: datetime


class WholeSession(SessionItem):
    """A session with the requests that the caller may see."""

    invited: list[VisitItem]
    waiting_list: Annotated[list[WaitingItem], _("In its order")]


class WaitingBody(StrictSchema):
    """The request to put on the waiting list, or to take off it."""

    request = Node(TrackingCode(), title=_("Request"))


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """A session with what the caller may see of it."""

    session: MeetingSession
    free: Mapping[str, int]
    invited: Sequence[Visit]
    waiting: Sequence[WaitingRequest]

    @property
    def version(self) -> int:
        """Return the version that stands for all of it."""
        return Call.version_of(
            (self.session.public_seats, self.session.office_seats, self.session.reserve_seats),
            self.free,
            [
                (one.appointment.id, one.appointment.response, one.appointment.ended_how, one.case.version)
                for one in self.invited
            ],
            [(one.entry.id, one.case.version) for one in self.waiting],
        )


def days(call: Call) -> Listed:
    """Return a page of the public meeting days that the calendar file has, in the order of their ids."""
    announced = sorted(call.work.get(PublicDayService).announced(), key=lambda day: day.id)
    found, following = call.window(announced, lambda day: day.id)
    return Listed(items=[_day(day) for day in found], next=following)


def sessions(call: Call) -> Listed:
    """Return a page of the sessions of a period, next first."""
    service = call.work.get(PublicDayService)
    found, following = page_of(call, service.within(period_of(call)), lambda session: session)
    free = service.free_seats(found)
    return Listed(items=[_item(call, session, free[session.id]) for session in found], next=following)


def session(call: Call) -> WholeSession:
    """Return a session that was not cancelled."""
    return _whole(call, call.work.get(PublicDayService).find(_id(call)))


def plan(call: Call) -> WholeSession:
    """Plan a session, or close a time."""
    new = NewSession.of(call.body, call.request.site.calendar)
    try:
        planned = call.work.get(PublicDayService).plan(new)
    except Refused as refusal:
        raise call.wrong_field("#/first", refusal.reason) from None
    call.made(str(planned.id))
    return _whole(call, planned)


def planned_before(call: Call, made: str) -> WholeSession:
    """Return a session that was planned before."""
    return _whole(call, call.work.get(PublicDayService).find(int(made)))


def change_seats(call: Call) -> WholeSession:
    """Change the number of seats."""
    found, body = _current(call, call.work).session, call.body
    call.work.get(PublicDayService).change_seats(
        found.id,
        public=body["public_seats"],
        office=body["office_seats"],
        waiting_list=body["reserve_seats"],
    )
    call.work.session.flush()
    return _whole(call, found)


def wait(call: Call) -> WholeSession:
    """Put a request at the end of the waiting list."""
    service = call.work.get(PublicDayService)
    service.find(_id(call))
    service.wait(_id(call), _request(call))
    return session(call)


def take_off(call: Call) -> WholeSession:
    """Take a request off the waiting list."""
    work, found = call.work, _current(call, call.work).session
    work.get(PublicDayService).take_off(found.id, _request(call))
    return _whole(call, found)


def waiting_before(call: Call, _made: str) -> WholeSession:
    """Return the session on whose waiting list the request was put before."""
    return session(call)


def cancel(call: Call) -> SessionItem:
    """Cancel a session; each of its participants is told in a transaction of its own, as on the page."""
    request = call.request
    with request.site.work(actor=request.identity, locale=request.locale_name) as work:
        found = _current(call, work)
        work.get(PublicDayService).cancel(found.session.id, call.body["public_text"])
        cancelled = _item(call, found.session, found.free)
    recall_all(request.site, request.identity, _id(call))
    return cancelled


# -- inside -------------------------------------------------------------------------------------------------


def _id(call: Call) -> int:
    return int(call.matched["id"])


def _request(call: Call) -> Case:
    """Return the request of the body, locked.

    :raises Problem: 422 when there is none that the caller may see.
    """
    try:
        return call.work.get(CaseService).fetch(call.body["request"], lock=True)
    except NotFound:
        raise call.wrong_field("#/request", _("There is no such request.")) from None


def _read(work: Work, session: MeetingSession) -> _Shown:
    agenda = work.get(AgendaService)
    return _Shown(
        session=session,
        free=work.get(PublicDayService).free(session),
        invited=agenda.members(session),
        waiting=agenda.waiting(session),
    )


def _current(call: Call, work: Work) -> _Shown:
    """Return the session of the path, locked, if it is still as the caller has read it.

    :raises Problem: 412.
    """
    found = _read(work, work.get(PublicDayService).find(_id(call), lock=True))
    call.require_version(found.version)
    return found


def _whole(call: Call, session: MeetingSession) -> WholeSession:
    work = call.work
    found = _read(work, session)
    call.tag(found.version)
    return {
        **_item(call, session, found.free),
        "invited": [visit_item(work, one) for one in found.invited],
        "waiting_list": [
            {
                "request": one.case.code,
                "subject": work.get(CaseService).subject(one.case),
                "name": one.name or None,
                "since": one.entry.created_at,
            }
            for one in found.waiting
        ],
    }


def _item(call: Call, session: MeetingSession, free: Mapping[str, int]) -> SessionItem:
    return {
        **_day(session),
        "title": call.say(session.heading),
        "closed": session.is_closed_time,
        "public_seats": session.public_seats,
        "office_seats": session.office_seats,
        "reserve_seats": session.reserve_seats,
        "free_public_seats": free["public"],
        "free_office_seats": free["office"],
    }


def _day(session: MeetingSession) -> MeetingDayItem:
    return {
        "id": session.id,
        "start": session.start,
        "end": session.end,
        "place": session.place,
        "cancelled": session.cancelled_at is not None,
    }


OPERATIONS = (
    Operation(
        name="meetings.days",
        path="/meetings/days",
        title=_("List public meeting days"),
        call=days,
        returns=MeetingDayItem,
        permission=PagePermission.EVERYBODY,
        is_list=True,
    ),
    Operation(
        name="meetings.sessions",
        path="/meetings/sessions",
        title=_("List public meeting days and closed times, for the office"),
        call=sessions,
        returns=SessionItem,
        scope=READ,
        permission=VIEW,
        query=PeriodQuery,
        is_list=True,
    ),
    Operation(
        name="meetings.session",
        path=ONE,
        title=_("Show a public meeting day with those invited and its waiting list"),
        call=session,
        returns=WholeSession,
        scope=READ,
        permission=VIEW,
        has_version=True,
    ),
    Operation(
        name="meetings.plan",
        path="/meetings/sessions",
        title=_("Plan a public meeting day, or close a time"),
        call=plan,
        again=planned_before,
        returns=WholeSession,
        method="POST",
        scope=WRITE,
        permission=SESSIONS,
        body=SessionSchema,
        creates=True,
        status=201,
    ),
    Operation(
        name="meetings.change_seats",
        path=f"{ONE}/seats",
        title=_("Change the seats of a public meeting day"),
        call=change_seats,
        returns=WholeSession,
        method="POST",
        scope=WRITE,
        permission=SESSIONS,
        body=Seats,
        has_version=True,
    ),
    Operation(
        name="meetings.wait",
        path=f"{ONE}/waiting-list",
        title=_("Put a request on the waiting list of a public meeting day"),
        call=wait,
        again=waiting_before,
        returns=WholeSession,
        method="POST",
        scope=WRITE,
        permission=SESSIONS,
        body=WaitingBody,
        creates=True,
        status=201,
    ),
    Operation(
        name="meetings.take_off",
        path=f"{ONE}/waiting-list/remove",
        title=_("Take a request off the waiting list of a public meeting day"),
        call=take_off,
        returns=WholeSession,
        method="POST",
        scope=WRITE,
        permission=SESSIONS,
        body=WaitingBody,
        has_version=True,
    ),
    Operation(
        name="meetings.cancel_session",
        path=f"{ONE}/cancel",
        title=_("Cancel a public meeting day and tell everybody invited, or open a closed time again"),
        call=cancel,
        returns=SessionItem,
        method="POST",
        scope=WRITE,
        permission=SESSIONS,
        body=Reason,
        has_version=True,
    ),
)
