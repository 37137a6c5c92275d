"""The appointment as a file for the citizen's own calendar."""

from pyramid.response import Response

from civicportal.api import NotFound, Request, fetch_own_or_proved
from civicportal_meetings.services import MeetingService


def download(request: Request) -> Response:
    """Return the file of a request that has a time, to its citizen and to whoever has proved its tracking code."""
    work = request.work
    case = fetch_own_or_proved(request, request.matchdict["code"])
    appointment = work.get(MeetingService).appointment(case)
    if appointment is None:
        raise NotFound("no time is set")
    # What writes it is large, and asked for by few.
    from civicportal_meetings.calendar_file import calendar_file

    response = Response(calendar_file(case, appointment, work), content_type="text/calendar", charset="utf-8")
    response.content_disposition = 'attachment; filename="meeting.ics"'
    return response
