"""Submission of a report: a form in four steps, its requests to the server, and the confirmation page."""

from functools import partial

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.api.cases import CaseService, PictureGone, kind_of, public_status
from civicportal.api.forms import BoundForm, Button, Values, handle_form
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import Conflict
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
from civicportal_reports.categories import Topic, anything_else, leaf_options, topics
from civicportal_reports.i18n import _
from civicportal_reports.nearby import NearbyService
from civicportal_reports.places import Location, OutsideCity, locate
from civicportal_reports.schemas import NearPlace, Submission
from civicportal_reports.services import NewReport, ReportService
from civicportal_reports.views.places import center, place_of
from civicportal_reports.workflow import KIND

#: Sent by the root cards, which only open their subcategories.
IGNORED = ("root",)
#: Anchor to which a pending form returns.
LAST_STEP = "#4"
MOST_NEAR = 3


def new(request: Request) -> ViewResult:
    """Show the form, or submit the report; a visitor signs in first and finds the form unchanged."""
    choice = topics_before(request)
    form = BoundForm(
        request,
        Submission(),
        buttons=(Button(title=_("Send the report")),),
        bindings={"categories": leaf_options(choice)},
        take_files=partial(take_files, request),
        ignore=IGNORED,
    )
    kept = request.method != "POST" and fill_kept(request, form)
    answer = handle_form(request, form, partial(_send, request, form), topics=choice)
    if isinstance(answer, dict):
        answer["kept"] = kept
        answer["chosen"] = _chosen(form, choice)
        answer["anything_else"] = anything_else(choice)
        answer["center"] = center(request)
    return answer


def _send(request: Request, form: BoundForm, values: Values) -> ViewResult:
    location = place_of(request, form, values)
    level = kind_of(request.site, KIND).level
    key = form.once(values)
    count_submission(request, level, key)
    if not may_submit(request, level):
        return keep_form(request, form, level=level, anchor=LAST_STEP)
    # A report needs the address of the problem.
    warn_of_personal_data(request, form, "body", without={"address"})
    report = new_report(request, location, values, idempotency_key=key)
    try:
        case = request.work.get(ReportService).submit(report)
    except PictureGone as gone:
        form.refuse("photo_key", gone.reason)
    forget_kept(request)
    return HTTPSeeOther(request.route_path("reports.sent", code=case.code))


def new_report(
    request: Request,
    location: Location,
    values: Values,
    *,
    source: str = "web",
    idempotency_key: str = "",
) -> NewReport:
    """Return the report of a submitted form.

    :raises Conflict: when the category was deleted since the form was shown.
    """
    category = request.work.get(OrganizationService).category(KIND, values["category"])
    if category is None:
        raise Conflict("the category of a report has gone")
    return NewReport(
        category=category,
        location=location,
        body=values["body"],
        urgent=values["urgent"],
        photos=values["photo_key"],
        owner=upload_owner(request),
        source=source,
        idempotency_key=idempotency_key,
    )


def sent(request: Request) -> dict[str, object]:
    """Confirm the report with its tracking code."""
    case = request.work.get(CaseService).fetch_own(request.matchdict["code"])
    return {"case": case}


def near(request: Request) -> dict[str, object]:
    """Name a place and show the open reports around it, as an HTML fragment."""
    form = BoundForm(request, NearPlace(), bindings={"categories": leaf_options(topics(request.work))})
    values = form.read_filters(request.GET)
    if values["place"] is None or values["place"]["lat"] is None:
        return {"location": None, "outside": False, "found": []}
    try:
        location = locate(request.site.map, {**values["place"], "address": ""})
    except OutsideCity:
        return {"location": None, "outside": True, "found": []}
    category = request.work.get(OrganizationService).category(KIND, values["category"] or "")
    found = (
        request.work.get(NearbyService).reports(location.point, category.id)
        if category and location.point
        else []
    )
    kind, names = kind_of(request.site, KIND), request.work.get(OrganizationService).category_name
    return {
        "location": location,
        "outside": False,
        "found": [
            (near, names(near.category_id), public_status(kind, near.status)) for near in found[:MOST_NEAR]
        ],
    }


def topics_before(request: Request) -> list[Topic]:
    """Return the categories in a separate unit of work, because uploaded pictures are processed before the request's opens."""
    with request.site.work(actor=request.identity, write=False) as work:
        return topics(work)


def _chosen(form: BoundForm, choice: list[Topic]) -> str:
    """Return the key of the root whose subcategories are open."""
    category = form["category"].cstruct
    return next((topic.root.key for topic in choice if category in {leaf.key for leaf in topic.leaves}), "")
