"""Download of an appointment as an iCalendar file."""

from pyramid.response import Response

from civicportal.api.cases import FollowUpService
from civicportal.api.plugins import NotFound
from civicportal.api.web import Request
from civicportal_meetings.services import MeetingService


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

    response = Response(calendar_file(case, appointment, work), content_type="text/calendar", charset="utf-8")
    response.content_disposition = 'attachment; filename="meeting.ics"'
    return response
