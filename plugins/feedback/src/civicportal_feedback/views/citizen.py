"""Submission of a message, the confirmation page, and the published messages."""

from functools import partial

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.renderers import render_to_response

from civicportal.api.cases import CaseService, PictureGone
from civicportal.api.forms import BoundForm, Button, Option, Values, handle_form, whole_number
from civicportal.api.organization import OrganizationService
from civicportal.api.publishing import warn_of_personal_data
from civicportal.api.submission import (
    count_submission,
    fill_kept,
    forget_kept,
    keep_form,
    may_submit,
    take_files,
    upload_owner,
)
from civicportal.api.web import Request, ViewResult
from civicportal_feedback.i18n import _
from civicportal_feedback.kinds import TYPES
from civicportal_feedback.publications import PublicationService
from civicportal_feedback.schemas import ANONYMOUS, NAMED, Submission
from civicportal_feedback.services import FeedbackService, NewFeedback
from civicportal_feedback.workflow import NAMED as NAMED_LEVEL

SENT = "civicportal_feedback:templates/feedback/sent.jinja2"
SHOWN_BESIDE = 3
PAGE_SIZE = 20


def new(request: Request) -> ViewResult:
    """Show the form, or send the message: with a name after the sign-in, or anonymously."""
    form = BoundForm(
        request,
        Submission(),
        initial={"sender": NAMED},
        buttons=(Button(title=_("Send this message"), css_class="btn-primary btn-lg w-100"),),
        bindings={"units": units_before(request)},
        take_files=partial(take_files, request),
    )
    kept = request.method != "POST" and fill_kept(request, form)
    answer = handle_form(request, form, partial(_send, request, form), kept=kept, types=TYPES)
    if isinstance(answer, dict):
        answer["pairs"] = request.work.get(PublicationService).latest(SHOWN_BESIDE)
    return answer


def _send(request: Request, form: BoundForm, values: Values) -> ViewResult:
    count_submission(request, NAMED_LEVEL, form.once(values), anonymous=values["sender"] == ANONYMOUS)
    send = _anonymously if values["sender"] == ANONYMOUS else _named
    try:
        return send(request, form, values)
    except PictureGone as gone:
        form.refuse("photo_key", gone.reason)


def _named(request: Request, form: BoundForm, values: Values) -> ViewResult:
    if not may_submit(request, NAMED_LEVEL):
        return keep_form(request, form)
    _warn(request, form, values)
    case = request.work.get(FeedbackService).submit(
        new_message(request, values, idempotency_key=form.once(values))
    )
    forget_kept(request)
    return HTTPSeeOther(request.route_path("feedback.sent", code=case.code))


def _anonymously(request: Request, form: BoundForm, values: Values) -> ViewResult:
    """Show code and PIN in the response to the form: stored for another page, they would identify the sender."""
    _warn(request, form, values)
    case, pin = request.work.get(FeedbackService).submit_anonymously(
        new_message(request, values, idempotency_key=form.once(values))
    )
    forget_kept(request)
    response = render_to_response(SENT, {"case": case, "pin": pin}, request=request)
    response.cache_control = "no-store"
    return response


def _warn(request: Request, form: BoundForm, values: Values) -> None:
    if values["consent"]:
        warn_of_personal_data(request, form, "body")


def new_message(
    request: Request, values: Values, *, source: str = "web", idempotency_key: str = ""
) -> NewFeedback:
    """Return the message of a submitted form."""
    unit = values["unit"]
    return NewFeedback(
        type=values["type"],
        unit=request.work.get(OrganizationService).unit(unit) if unit else None,
        body=values["body"],
        consent=values["consent"],
        photos=values["photo_key"],
        owner=upload_owner(request),
        source=source,
        idempotency_key=idempotency_key,
    )


def sent(request: Request) -> dict[str, object]:
    """Confirm the message with its tracking code."""
    case = request.work.get(CaseService).fetch_own(request.matchdict["code"])
    return {"case": case, "pin": None}


def listing(request: Request) -> dict[str, object]:
    """List the published messages."""
    before = whole_number(request.GET.get("before", "")) or None
    found = request.work.get(PublicationService).latest(PAGE_SIZE + 1, before=before)
    pairs = found[:PAGE_SIZE]
    path = request.route_path("feedback.list")
    return {
        "pairs": pairs,
        "types": TYPES,
        "unit_name": request.work.get(OrganizationService).unit_name,
        "next_url": f"{path}?before={pairs[-1][0].case_id}" if len(found) > PAGE_SIZE else None,
        "first_url": path if before else None,
    }


def units_before(request: Request) -> list[Option]:
    """Return the units in a separate unit of work, because uploaded pictures are processed before the request's opens."""
    with request.site.work(actor=request.identity, write=False) as work:
        units = work.get(OrganizationService).units.by_id.values()
        return [Option(value=unit.key, label=unit.name) for unit in units if unit.active]
