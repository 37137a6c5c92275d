"""Registration of a message for a caller, a visitor or from a letter."""

from functools import partial

from civicportal.api.cases import kind_of
from civicportal.api.forms import BoundForm, Button, Values, handle_form
from civicportal.api.submission import register_for, take_files
from civicportal.api.web import Request, ViewResult
from civicportal_feedback.i18n import _
from civicportal_feedback.schemas import Registration
from civicportal_feedback.services import FeedbackService
from civicportal_feedback.views.citizen import new_message, units_before
from civicportal_feedback.workflow import KIND


def new(request: Request) -> ViewResult:
    """Show the form, or register the message and show its code."""
    form = BoundForm(
        request,
        Registration(),
        initial={"source": "phone"},
        buttons=(Button(title=_("Register the message")),),
        bindings={"units": units_before(request)},
        take_files=partial(take_files, request),
    )
    return handle_form(request, form, partial(_register, request, form))


def _register(request: Request, form: BoundForm, values: Values) -> ViewResult:
    message = new_message(request, values, source=values["source"])
    make_for = request.work.get(FeedbackService).make_for
    return register_for(
        request,
        form,
        kind_of(request.site, KIND),
        values,
        lambda citizen_id, key: make_for(citizen_id, message, key),
    )
