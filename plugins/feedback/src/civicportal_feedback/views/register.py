"""Registration of messages by officers."""

from collections.abc import Callable
from functools import partial

from civicportal.api.cases import Case
from civicportal.api.forms import BoundForm, Values
from civicportal.api.submission import registration_form
from civicportal.api.web import Request, ViewResult
from civicportal_feedback.choices import unit_choices
from civicportal_feedback.i18n import _
from civicportal_feedback.schemas import Registration
from civicportal_feedback.services import FeedbackService
from civicportal_feedback.views.citizen import new_message
from civicportal_feedback.workflow import KIND


def new(request: Request) -> ViewResult:
    """Show the form, or register the message and show its code."""
    return registration_form(
        request,
        Registration(),
        KIND,
        partial(_prepare, request),
        send=_("Register the message"),
        bindings=unit_choices,
    )


def _prepare(request: Request, _form: BoundForm, values: Values) -> Callable[[int | None, str], Case]:
    message = new_message(request, values, source=values["source"])
    make_for = request.work.get(FeedbackService).make_for
    return lambda citizen_id, key: make_for(citizen_id, message, key)
