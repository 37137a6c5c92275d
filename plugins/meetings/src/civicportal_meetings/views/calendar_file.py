"""Appointments and public meeting days as iCalendar files."""

from pyramid.response import Response

from civicportal.api.cases import FollowUpService
from civicportal.api.plugins import NotFound
from civicportal.api.web import Request
from civicportal_meetings.services import MeetingService, PublicDayService

FIVE_MINUTES = 300


def download(request: Request) -> Response:
    """Return the calendar file of a request with a time.

    Its citizen gets it, and browsers that have verified its tracking code.
    """
    work = request.work
    case = request.work.get(FollowUpService).fetch_own_or_proved(request, request.matchdict["code"])
    appointment = work.get(MeetingService).appointment(case)
    if appointment is None:
        raise NotFound("no time is set")
    # Imported here: the library is large and rarely used.
    from civicportal_meetings.calendar_file import calendar_file

    return _answer(calendar_file(case, appointment, work), "meeting.ics")


def days(request: Request) -> Response:
    """Return the calendar of the public meeting days."""
    from civicportal_meetings.calendar_file import days_file

    found = request.work.get(PublicDayService).announced()
    response = _answer(days_file(found, request.work), "meeting-days.ics")
    response.cache_control = f"public, max-age={FIVE_MINUTES}"
    return response


def _answer(calendar: bytes, name: str) -> Response:
    response = Response(calendar, content_type="text/calendar", charset="utf-8")
    response.content_disposition = f'attachment; filename="{name}"'
    return response
