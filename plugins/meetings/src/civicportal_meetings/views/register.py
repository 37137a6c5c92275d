"""Registration of a request for a caller, a visitor or from a letter."""

from functools import partial

from civicportal.api.cases import kind_of
from civicportal.api.forms import BoundForm, Button, Values, handle_form
from civicportal.api.submission import register_for, take_files
from civicportal.api.web import Request, ViewResult
from civicportal_meetings.i18n import _
from civicportal_meetings.names import KIND
from civicportal_meetings.services import MeetingService
from civicportal_meetings.submission import Registration
from civicportal_meetings.views.request import UNASKED, bindings_of, new_meeting


def new(request: Request) -> ViewResult:
    """Show the form, or register the request and show its code."""
    form = BoundForm(
        request,
        Registration(),
        initial={**UNASKED, "source": "phone"},
        buttons=(Button(title=_("Register the request")),),
        bindings=bindings_of(request),
        take_files=partial(take_files, request),
    )
    return handle_form(request, form, partial(_register, request, form))


def _register(request: Request, form: BoundForm, values: Values) -> ViewResult:
    meeting = new_meeting(request, values, source=values["source"])
    make_for = request.work.get(MeetingService).make_for
    return register_for(
        request,
        form,
        kind_of(request.site, KIND),
        values,
        lambda citizen_id, key: make_for(citizen_id, meeting, key),
    )
