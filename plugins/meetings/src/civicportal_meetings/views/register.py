"""Registration of requests by officers."""

from collections.abc import Callable
from functools import partial

from civicportal.api.cases import Case
from civicportal.api.forms import BoundForm, Values
from civicportal.api.submission import registration_form
from civicportal.api.web import Request, ViewResult
from civicportal_meetings.i18n import _
from civicportal_meetings.names import KIND
from civicportal_meetings.services import MeetingService
from civicportal_meetings.submission import Registration, new_meeting, working_days
from civicportal_meetings.views.request import UNASKED


def new(request: Request) -> ViewResult:
    """Show the form, or register the request and show its code."""
    return registration_form(
        request,
        Registration(),
        KIND,
        partial(_prepare, request),
        send=_("Register the request"),
        bindings=working_days,
        initial=UNASKED,
    )


def _prepare(request: Request, _form: BoundForm, values: Values) -> Callable[[int | None, str], Case]:
    meeting = new_meeting(values, owner=request.upload_owner(), source=values["source"])
    make_for = request.work.get(MeetingService).make_for
    return lambda citizen_id, key: make_for(citizen_id, meeting, key)
