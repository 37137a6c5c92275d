"""Appointments and free times of the mayor in the API."""

from datetime import date, datetime, timedelta
from typing import Annotated, Literal, TypedDict, cast

import colander

from civicportal.api.cases import CaseService
from civicportal.api.database import Work
from civicportal.api.forms import Choice, CityDate, Node, Option, StrictSchema
from civicportal.api.rest import Call, Listed, Operation
from civicportal_meetings.desk_schemas import of_our_time
from civicportal_meetings.i18n import _
from civicportal_meetings.models import Appointment
from civicportal_meetings.names import KIND, VIEW, WORK
from civicportal_meetings.rest.cases import READ, WRITE
from civicportal_meetings.rest.periods import PeriodQuery, check_order, page_of, period_of
from civicportal_meetings.schemas import Schedule
from civicportal_meetings.services import DiaryService
from civicportal_meetings.services.agenda import AgendaService, Visit

Answer = Literal["confirmed", "other_time"]
Quota = Literal["public", "office"]
Ending = Literal["hold", "miss"]
MONTH, TWO_MONTHS = timedelta(days=30), timedelta(days=62)
"""The period of free days: by default, and at most."""


class AppointmentItem(TypedDict):
    """An appointment of a request."""

    id: int
    start: datetime
    end: datetime
    place: str
    session: Annotated[int | None, _("Id of the public meeting day")]
    seat: Annotated[Quota | None, _("Sort of the seat")]
    response: Annotated[Answer | None, _("What the citizen has answered")]
    response_text: str
    note: Annotated[str, _("The citizen reads this.")]
    expert_note: Annotated[str, _("To prepare the mayor. Only staff read this.")]


class VisitItem(AppointmentItem):
    """An appointment that stands or has taken place, with its request."""

    request: Annotated[str, _("The tracking code")]
    subject: str
    name: Annotated[str | None, _("Name of the applicant; only with the right to see it")]
    companions: Annotated[int, _("How many come along")]
    companion_names: Annotated[list[str] | None, _("Their names; only with the right to see them")]
    ending: Annotated[Ending | None, _("Whether it was held, or the citizen did not come")]


class TimeItem(TypedDict):
    """A time at which a meeting can start."""

    start: datetime
    free: bool


class TimesOfDay(TypedDict):
    """The times of a day; none on a day off."""

    day: date
    minutes: int
    items: list[TimeItem]


class FreeDays(TypedDict):
    """Days with a free time."""

    minutes: int
    days: list[date]


def _length() -> colander.SchemaNode:
    """Return the field for the length of a meeting, by default the usual one."""
    found = Schedule()["minutes"].clone()
    found.missing = None
    return found


class VisitQuery(PeriodQuery):
    """The filters of appointments."""

    response = Node(
        Choice(
            [
                Option(value="confirmed", label=_("confirmed")),
                Option(value="other_time", label=_("asks for another time")),
            ]
        ),
        title=_("What the citizen has answered"),
        missing=None,
    )


class TimesQuery(StrictSchema):
    """A day, and the length of a meeting."""

    day = Node(CityDate(), title=_("The day; by default today"), missing=None, validator=of_our_time)
    minutes = _length()


class FreeDaysQuery(PeriodQuery):
    """The days, and the length of a meeting."""

    minutes = _length()


def appointments(call: Call) -> Listed:
    """Return a page of the appointments of a period that the caller may see, next first."""
    visits = call.work.get(AgendaService).visits(period_of(call), call.query["response"])
    found, following = page_of(call, visits, lambda visit: visit.appointment)
    return Listed(items=[visit_item(call.work, visit) for visit in found], next=following)


def times(call: Call) -> TimesOfDay:
    """Return the times of a day for a meeting of some length, by default the usual one."""
    work, calendar = call.work, call.request.site.calendar
    day = call.query["day"] or calendar.today(work.clock.now())
    minutes = _minutes(call)
    found = work.get(DiaryService).times(day, minutes)
    return {
        "day": day,
        "minutes": minutes,
        "items": [{"start": start, "free": free} for start, free in found],
    }


def free_days(call: Call) -> FreeDays:
    """Return the days of a period with a free time, by default of the next month."""
    query, work, calendar = call.query, call.work, call.request.site.calendar
    first = query["first_day"] or calendar.today(work.clock.now())
    last = query["last_day"] or first + MONTH
    check_order(call, first, last)
    if last - first > TWO_MONTHS:
        raise call.wrong_parameter("last_day", _("Ask for two months at most."))
    minutes = _minutes(call)
    found = work.get(DiaryService).free_days(first, last, minutes)
    return {"minutes": minutes, "days": sorted(found)}


def visit_item(work: Work, visit: Visit) -> VisitItem:
    """Return an appointment with its request."""
    one, companions = visit.appointment, visit.request.companions or []
    return {
        **appointment_item(one),
        "request": visit.case.code,
        "subject": work.get(CaseService).subject(visit.case),
        "name": visit.name or None,
        "companions": len(companions),
        "companion_names": list(companions) if visit.name else None,
        "ending": cast("Ending", one.ended_how) if one.ended_how else None,
    }


def appointment_item(one: Appointment) -> AppointmentItem:
    """Return an appointment."""
    return {
        "id": one.id,
        "start": one.start,
        "end": one.end,
        "place": one.place,
        "session": one.session_id,
        "seat": cast("Quota", one.seat) if one.seat else None,
        "response": cast("Answer", one.response) if one.response else None,
        "response_text": one.response_text,
        "note": one.note,
        "expert_note": one.expert_note,
    }


def _minutes(call: Call) -> int:
    minutes: int = call.query["minutes"] or call.work.site.plugin_settings[KIND]["default_minutes"]
    return minutes


OPERATIONS = (
    Operation(
        name="meetings.appointments",
        path="/meetings/appointments",
        title=_("List appointments of the mayor"),
        call=appointments,
        returns=VisitItem,
        scope=READ,
        permission=VIEW,
        query=VisitQuery,
        is_list=True,
    ),
    Operation(
        name="meetings.times",
        path="/meetings/times",
        title=_("List the free times of a day"),
        call=times,
        returns=TimesOfDay,
        scope=WRITE,
        permission=WORK,
        query=TimesQuery,
    ),
    Operation(
        name="meetings.free_days",
        path="/meetings/free-days",
        title=_("List the days with a free time"),
        call=free_days,
        returns=FreeDays,
        scope=WRITE,
        permission=WORK,
        query=FreeDaysQuery,
    ),
)
