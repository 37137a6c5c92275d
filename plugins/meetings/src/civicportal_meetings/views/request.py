"""The request form, its confirmation and open requests."""

from functools import partial

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.api.cases import CaseService, kind_of
from civicportal.api.forms import Values
from civicportal.api.localization import localized_digits
from civicportal.api.people import PeopleService
from civicportal.api.submission import (
    CaseSubmission,
)
from civicportal.api.web import Request, ViewResult
from civicportal_meetings.days import ANY
from civicportal_meetings.i18n import _
from civicportal_meetings.names import KIND
from civicportal_meetings.services import MeetingService, PublicDayService
from civicportal_meetings.submission import Submission, new_meeting, working_days

#: Anchor to which a pending form returns.
LAST_STEP = "#4"
#: Initial values of a new form.
UNASKED = {"part": ANY, "party": "natural"}


def new(request: Request) -> ViewResult:
    """Show the form, or the open request with any submitted input below it."""
    submission = _submission(request, _known(request))
    page = _page(request)
    shown = submission.restored or not page["open"]
    return {**page, "restored": submission.restored, "form": submission.form if shown else None}


def send(request: Request) -> ViewResult:
    """Submit the request.

    A visitor signs in first and finds the form unchanged.
    """
    submission = _submission(request)
    answer = submission.form.handle(partial(_submit, request, submission), restored=False)
    # Afterwards, because uploaded pictures are processed outside the request's transaction.
    return {**_page(request), **answer} if isinstance(answer, dict) else answer


def check(request: Request) -> ViewResult:
    """Check the fields of one step."""
    return _submission(request).check_step()


def sent(request: Request) -> dict[str, object]:
    """Confirm the request with its tracking code."""
    return {"case": request.work.get(CaseService).fetch_own(request.matchdict["code"])}


def _known(request: Request) -> dict[str, object]:
    """Return known values: the name, and verified identity data."""
    if not request.identity.is_citizen:
        return {}
    verified = request.work.get(PeopleService).verified()
    numbers = {"national_code": verified.national_code, "birth_date": verified.birth_date} if verified else {}
    return {"name": request.identity.name, **numbers}


def _submission(request: Request, known: Values | None = None) -> CaseSubmission:
    return CaseSubmission(
        request,
        Submission(),
        KIND,
        send=_("Send the request"),
        anchor=LAST_STEP,
        bindings=working_days,
        initial={**UNASKED, **(known or {})},
    )


def _page(request: Request) -> dict[str, object]:
    hours = localized_digits(request.site.plugin_settings[KIND]["hours"], request.locale_name)
    first, _dash, last = hours.partition("-")
    standing = request.work.get(MeetingService).open_request() if request.identity.is_citizen else None
    status = kind_of(request.site, KIND).public_status(standing.status) if standing else None
    return {
        "open": standing,
        "status": status,
        "first": first,
        "last": last,
        "public_days": bool(request.work.get(PublicDayService).announced()),
    }


def _submit(request: Request, submission: CaseSubmission, values: Values) -> ViewResult:
    if redirect := submission.admit(values):
        return redirect
    meeting = new_meeting(values, owner=request.upload_owner(), idempotency_key=submission.form.once(values))
    case = submission.open(lambda: request.work.get(MeetingService).submit(meeting))
    return HTTPSeeOther(request.route_path("meetings.sent", code=case.code))
