"""Forms: a schema bound to a request, rendered by the portal's own templates.

A form is flat: plain field names, a repeated name for a list. deform provides the tree of fields; its own templates and
its nested wire format are not used (they need inline scripts).
"""

from __future__ import annotations

from collections.abc import Callable

from pyramid.httpexceptions import HTTPBadRequest
from webob.multidict import MultiDict

from civicportal.core.limits import ChallengeNeeded
from civicportal.util.values import Values
from civicportal.web import challenge
from civicportal.web.forms.field import BoundField
from civicportal.web.forms.form import BoundForm
from civicportal.web.forms.groups import (
    ChoiceCardsWidget,
    MapPointWidget,
    PhotosWidget,
    RadioWidget,
    SelectWidget,
)
from civicportal.web.forms.optional import optional_choice
from civicportal.web.forms.parts import Button, FieldError, FileRefused, FormInvalid, UploadedFile
from civicportal.web.forms.widgets import (
    BirthDateWidget,
    CheckboxWidget,
    CodeWidget,
    DateWidget,
    FormWidget,
    HiddenWidget,
    MobileWidget,
    NumberWidget,
    PasswordWidget,
    SwitchWidget,
    TextAreaWidget,
    TextWidget,
)
from civicportal.web.request import Request, ViewResult

__all__ = [
    "BirthDateWidget",
    "BoundField",
    "BoundForm",
    "Button",
    "CheckboxWidget",
    "ChoiceCardsWidget",
    "CodeWidget",
    "DateWidget",
    "FieldError",
    "FileRefused",
    "FormInvalid",
    "FormWidget",
    "HiddenWidget",
    "MapPointWidget",
    "MobileWidget",
    "NumberWidget",
    "PasswordWidget",
    "PhotosWidget",
    "RadioWidget",
    "SelectWidget",
    "SwitchWidget",
    "TextAreaWidget",
    "TextWidget",
    "UploadedFile",
    "handle_form",
    "optional_choice",
]


def handle_form(
    request: Request, form: BoundForm, on_valid: Callable[[Values], ViewResult], **context: object
) -> ViewResult:
    """Show or process a form; the last line of most views.

    ``on_valid(values)`` returns the view's response, usually a redirect; it may call ``form.refuse(name, message)`` for
    errors that only a service can detect. Otherwise the result is ``{"form": form, **context}`` for the view's template,
    with status 422 if the form was refused, 429 if it needs a challenge first. Raises 400 for a body that is not a form.
    """
    if request.method == "POST":
        try:
            return on_valid(form.validate(_sent(request)))
        except FormInvalid:
            request.response.status_int = 422
        except ChallengeNeeded as needed:
            form.challenge = challenge.after_refusal(request, needed, form.action)
            request.response.status_int = 429
            request.response.headers["Retry-After"] = str(max(1, form.challenge.seconds))
    if form.challenge is None:
        form.challenge = challenge.beforehand(request, form.site_limits, form.action)
    return {"form": form, **context}


def _sent(request: Request) -> MultiDict[str]:
    try:
        return request.POST
    except ValueError:  # a multipart body without its boundary
        raise HTTPBadRequest from None
