"""The request form in four steps, the confirmation page, and the page while a request is open."""

from functools import partial

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.api.cases import CaseService, PictureGone, Refused, kind_of, public_status
from civicportal.api.forms import BoundForm, Button, Values, handle_form
from civicportal.api.localization import localized_digits
from civicportal.api.organization import OrganizationService
from civicportal.api.people import own_identity
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
from civicportal_meetings.days import ANY, office_days
from civicportal_meetings.i18n import _
from civicportal_meetings.names import KIND
from civicportal_meetings.services import Applicant, MeetingService, NewMeeting
from civicportal_meetings.submission import Submission

#: Anchor to which a pending form returns.
LAST_STEP = "#4"
#: Initial values of a new form.
UNASKED = {"part": ANY, "party": "natural"}


def new(request: Request) -> ViewResult:
    """Show the form, or the open request with the submitted input below it."""
    form = _form(request, _known(request))
    kept = fill_kept(request, form)
    page = _page(request)
    return {**page, "kept": kept, "form": form if kept or not page["open"] else None}


def send(request: Request) -> ViewResult:
    """Submit the request; a visitor signs in first and finds the form unchanged."""
    form = _form(request)
    answer = handle_form(request, form, partial(_submit, request, form), kept=False)
    # Afterwards, because uploaded pictures are processed outside the request's transaction.
    return {**_page(request), **answer} if isinstance(answer, dict) else answer


def sent(request: Request) -> dict[str, object]:
    """Confirm the request with its tracking code."""
    return {"case": request.work.get(CaseService).fetch_own(request.matchdict["code"])}


def _known(request: Request) -> dict[str, object]:
    """Return known values: the name, and verified identity data."""
    if not request.identity.is_citizen:
        return {}
    verified = own_identity(request.work)
    numbers = {"national_code": verified.national_code, "birth_date": verified.birth_date} if verified else {}
    return {"name": request.identity.name, **numbers}


def _form(request: Request, known: Values | None = None) -> BoundForm:
    return BoundForm(
        request,
        Submission(),
        initial={**UNASKED, **(known or {})},
        buttons=(Button(title=_("Send the request")),),
        bindings=bindings_of(request),
        take_files=partial(take_files, request),
    )


def bindings_of(request: Request) -> dict[str, object]:
    """Return the bindings of the request schema, with the city's current working days.

    In a separate unit of work, because uploaded pictures are processed outside the request's transaction.
    """
    with request.site.work(actor=request.identity, write=False) as work:
        calendar = work.get(OrganizationService).calendar
    return {"today": calendar.today(request.site.clock.now()), "days": office_days(calendar)}


def _page(request: Request) -> dict[str, object]:
    hours = localized_digits(request.site.plugin_settings[KIND]["hours"], request.locale_name)
    first, _dash, last = hours.partition("-")
    standing = request.work.get(MeetingService).open_request() if request.identity.is_citizen else None
    status = public_status(kind_of(request.site, KIND), standing.status) if standing else None
    return {"open": standing, "status": status, "first": first, "last": last}


def _submit(request: Request, form: BoundForm, values: Values) -> ViewResult:
    level = kind_of(request.site, KIND).level
    key = form.once(values)
    count_submission(request, level, key)
    if not may_submit(request, level):
        return keep_form(request, form, level=level, anchor=LAST_STEP)
    try:
        case = request.work.get(MeetingService).submit(new_meeting(request, values, idempotency_key=key))
    except PictureGone as gone:
        form.refuse("photo_key", gone.reason)
    except Refused as refusal:
        form.refuse("", refusal.reason)
    forget_kept(request)
    return HTTPSeeOther(request.route_path("meetings.sent", code=case.code))


def new_meeting(
    request: Request, values: Values, *, source: str = "web", idempotency_key: str = ""
) -> NewMeeting:
    """Return the request of a submitted form."""
    return NewMeeting(
        subject=values["subject"],
        reason=values["reason"],
        applicant=Applicant(
            name=values["name"],
            party=values["party"],
            national_code=values.get("national_code", ""),
            birth_date=values["birth_date"],
            organization=values["organization"],
            legal_id=values.get("legal_id", ""),
            position=values["position"],
        ),
        suitable_days=values["days"],
        suitable_part="" if values["part"] == ANY else values["part"],
        companions=values["companions"],
        photos=values["photo_key"],
        owner=upload_owner(request),
        source=source,
        idempotency_key=idempotency_key,
    )
