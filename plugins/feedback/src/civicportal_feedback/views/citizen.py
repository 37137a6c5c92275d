"""Submission of a message, the confirmation page, and the published messages."""

from functools import partial

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.renderers import render_to_response

from civicportal.api.cases import Case, CaseService
from civicportal.api.forms import Values, whole_number
from civicportal.api.organization import OrganizationService
from civicportal.api.publishing import PersonalDataCheck
from civicportal.api.submission import (
    CaseSubmission,
)
from civicportal.api.web import Request, ViewResult
from civicportal_feedback.choices import unit_choices
from civicportal_feedback.i18n import _
from civicportal_feedback.kinds import TYPES
from civicportal_feedback.publications import PublicationService
from civicportal_feedback.schemas import ANONYMOUS, NAMED, Submission
from civicportal_feedback.services import FeedbackService, NewFeedback
from civicportal_feedback.workflow import KIND
from civicportal_feedback.workflow import NAMED as NAMED_LEVEL

SENT = "civicportal_feedback:templates/feedback/sent.jinja2"
SHOWN_BESIDE = 3
PAGE_SIZE = 20


def new(request: Request) -> ViewResult:
    """Show the form, or send the message: anonymously, or with a name after the sign-in."""
    submission = CaseSubmission(
        request,
        Submission(),
        KIND,
        send=_("Send this message"),
        level=NAMED_LEVEL,
        bindings=unit_choices,
        initial={"sender": NAMED},
    )
    send = partial(_send, request, submission)
    answer = submission.form.handle(send, restored=submission.restored, types=TYPES)
    if isinstance(answer, dict):
        answer["pairs"] = request.work.get(PublicationService).latest(SHOWN_BESIDE)
    return answer


def _send(request: Request, submission: CaseSubmission, values: Values) -> ViewResult:
    anonymous = values["sender"] == ANONYMOUS
    if anonymous and submission.form.by_script:
        # The browser's queue shows no page, so the PIN would be lost.
        submission.form.refuse("sender", _("A message without a name is sent from this page only."))
    if redirect := submission.admit(values, anonymous=anonymous):
        return redirect
    if values["consent"]:
        PersonalDataCheck(request, submission.form).warn("body")
    message = new_message(request, values, idempotency_key=submission.form.once(values))
    service = request.work.get(FeedbackService)
    if anonymous:
        return _shown_once(request, *submission.open(lambda: service.submit_anonymously(message)))
    case = submission.open(lambda: service.submit(message))
    return HTTPSeeOther(request.route_path("feedback.sent", code=case.code))


def _shown_once(request: Request, case: Case, pin: str) -> ViewResult:
    """Show code and PIN in the response to the form.

    Stored for another page, they would identify the sender.
    """
    response = render_to_response(SENT, {"case": case, "pin": pin}, request=request)
    response.cache_control = "no-store"
    return response


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
        owner=request.upload_owner(),
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
