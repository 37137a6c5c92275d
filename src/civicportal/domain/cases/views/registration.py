"""The form of an officer for a caller."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import colander
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.renderers import render_to_response
from pyramid.response import Response
from translationstring import TranslationString

from civicportal.domain.accounts.models import User
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.errors import AttachmentNotFound, Refused
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.on_behalf import NAME_WITHOUT_MOBILE, OnBehalfService, OpenCase
from civicportal.domain.cases.schemas import LONGEST_WORDS
from civicportal.domain.cases.submission import FormValues, read_values
from civicportal.domain.cases.views import callers
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button, FormInvalid
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import CleanText, Node, whole_number

if TYPE_CHECKING:
    from civicportal.domain.cases.models import Case
    from civicportal.domain.cases.workflow import CaseKind

TEMPLATE = "civicportal:templates/cases/registered.jinja2"
ADD_TO = "add_to"
"""The button that adds the call to an existing case; its value is the id of the case."""
ADDED = _("The call was added to the existing case; no new one was registered.")
ADDED_FOLLOWS = _(
    "The call was added to the existing case; no new one was registered. The caller hears of every step of it."
)


def registration_form(
    request: Request,
    schema: colander.SchemaNode,
    kind: str,
    prepare: Callable[[BoundForm, Values], OpenCase],
    *,
    send: TranslationString,
    bindings: FormValues | None = None,
    initial: Values | None = None,
    existing: Callable[[int], "Case"] | None = None,
    **context: object,
) -> ViewResult:
    """Show and process an officer's form for a caller.

    The code of the case is shown in the response to the form itself, because the PIN is not stored; resubmitted, the
    form gets the same response.

    :param schema: the citizens' schema with :class:`~civicportal.domain.cases.on_behalf.Caller` or
        :class:`~civicportal.domain.cases.on_behalf.NamedCaller`.
    :param kind: name of the kind of case.
    :param prepare: returns, for the submitted values, the function that opens the case for a citizen, if any, with an
        idempotency key; it may refuse the form.
    :param send: label of the submit button.
    :param bindings: as for :class:`~civicportal.domain.cases.submission.CaseSubmission`.
    :param initial: values of a new form besides the channel.
    :param existing: returns the open case with an id, locked, to which the button ``add_to`` adds the call instead; the
        fields ``body`` and ``photo_key`` go along.
    :param context: further variables of the template.
    """
    [bindings] = read_values(request, bindings)
    rung = callers.rung_number(request)
    form = BoundForm(
        request,
        schema,
        initial={"source": "phone", "mobile": rung or None, **(initial or {})},
        buttons=(Button(title=send),),
        bindings=bindings,
        take_files=request.take_files,
        ignore=(callers.LOOK,),
    )
    of_kind = kind_of(request.site, kind)

    def register(values: Values) -> ViewResult:
        return _registered(request, form, of_kind, values, prepare(form, values))

    if request.method == "POST" and request.POST.get(callers.LOOK):
        form.keep(request.POST)
        return {"form": form, "calling": callers.look_up(request, form), **context}
    if request.method == "POST" and existing is not None and request.POST.get(ADD_TO):
        try:
            return _added(request, form, of_kind, existing)
        except FormInvalid:
            request.response.status_int = 422
            return {"form": form, "calling": None, **context}
    calling = callers.look_up(request, form) if rung else None
    return form.handle(register, calling=calling, **context)


def _added(
    request: Request, form: BoundForm, kind: "CaseKind", existing: Callable[[int], "Case"]
) -> HTTPSeeOther:
    """Add the call to an existing case, say so, and lead to the case or to the next call.

    :raises FormInvalid: when the mobile is wrong, nothing is known of the call, or the case is closed.
    """
    form.keep(request.POST)
    values: dict[str, object] = {
        name: _sent(form, form.schema[name]) for name in ("source", "mobile", "name")
    }
    # Shorter than that of a new case: the existing one is described already.
    values["body"] = _sent(form, Node(CleanText(0, LONGEST_WORDS, multiline=True), name="body", missing=""))
    photos = form["photo_key"].cstruct
    values["photo_key"] = photos if isinstance(photos, list) else []
    if form.errors:
        raise FormInvalid
    if values["name"] and values["mobile"] is None:
        form.refuse("name", NAME_WITHOUT_MOBILE)
    if values["mobile"] is None and not values["body"]:
        form.refuse(
            "mobile", _("Write the mobile of the caller, or what they say, to add the call to the case.")
        )
    try:
        case = existing(whole_number(request.POST[ADD_TO]))
        hears = request.work.get(OnBehalfService).add_call(kind, case, values, owner=request.upload_owner())
    except AttachmentNotFound as gone:
        form.refuse("photo_key", gone.reason)
    except Refused as refusal:
        form.refuse("", refusal.reason)
    done = ADDED_FOLLOWS if hears else ADDED
    request.session.flash(request.translate(done), "good")
    if request.work.get(AccessService).can(case, "view"):
        return HTTPSeeOther(request.route_path("kartable.case", code=case.code))
    return HTTPSeeOther(request.path)


def _sent(form: BoundForm, node: colander.SchemaNode) -> str | None:
    """Return the value of the field of a node, with its errors in the form."""
    try:
        value: str | None = node.deserialize(form[node.name].cstruct)
    except colander.Invalid as error:
        for message in filter(None, error.messages()):
            form.fail(node.name, message)
        return None
    return value


def _registered(
    request: Request, form: BoundForm, kind: "CaseKind", values: Values, open_case: OpenCase
) -> Response:
    """Register the case, and show its code."""
    work = request.work
    try:
        case, pin = work.get(OnBehalfService).register(kind, values, open_case, form_key=form.once(values))
    except AttachmentNotFound as gone:
        form.refuse("photo_key", gone.reason)
    except Refused as refusal:
        form.refuse("", refusal.reason)
    access = work.get(AccessService)
    shown = {
        "case": case,
        "pin": pin,
        "citizen": work.session.get(User, case.citizen_id) if case.citizen_id else None,
        "unreachable": values["mobile"] is not None and case.citizen_id is None,
        "may_know": access.can(case, "contact"),
        "may_open": access.can(case, "view"),
        "kind": kind,
    }
    response: Response = render_to_response(TEMPLATE, shown, request=request)
    response.cache_control = "no-store"
    return response
