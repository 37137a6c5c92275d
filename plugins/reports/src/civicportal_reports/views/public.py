"""Public pages of reports."""

from urllib.parse import quote, urlencode

from pyramid.httpexceptions import HTTPSeeOther
from sqlalchemy import select
from webob.multidict import MultiDict

from civicportal.api.cases import Case, CaseService, PublicHistory, kind_of
from civicportal.api.forms import BoundForm, FormInvalid
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import NotFound
from civicportal.api.publishing import PublicTexts
from civicportal.api.web import Request, ViewResult
from civicportal_reports.categories import filter_options, topics
from civicportal_reports.i18n import _
from civicportal_reports.models import Report
from civicportal_reports.pins import Pins
from civicportal_reports.schemas import MeToo, PublicFilters
from civicportal_reports.search import Filters, ReportSearch
from civicportal_reports.services import ReportService
from civicportal_reports.workflow import KIND


def listing(request: Request) -> dict[str, object]:
    """List the published reports."""
    form, filters = public_filters(request)
    search = request.work.get(ReportSearch)
    page = search.page_of(search.published(filters), cursor=request.GET.get("cursor"))
    query = [(field.name, field.cstruct) for field in form.narrowing]
    organization = request.work.get(OrganizationService)
    return {
        "form": form,
        "page": page,
        "query": query,
        "categories": organization.categories.by_id,
        "status": lambda case: kind_of(request.site, KIND).public_status(case.status),
        "more": lambda cursor: f"{request.path}?{urlencode([*query, ('cursor', cursor)])}",
    }


def page(request: Request) -> dict[str, object]:
    """Show a published report by the id of its case, without code and names."""
    case, report = published(request)
    organization = request.work.get(OrganizationService)
    history, texts = request.work.get(PublicHistory), request.work.get(PublicTexts)
    audiences = ("public",)
    return {
        "case": case,
        "body": texts.body(case),
        "place": texts.place(case),
        "report": report,
        "category": organization.categories.by_id.get(case.category_id or 0),
        "unit": organization.unit_name(case.unit_id),
        "status": kind_of(request.site, KIND).public_status(case.status),
        "events": history.of(case, audiences=audiences),
        "photos": [photo for photo in history.photos(case, audiences) if photo.purpose == "before"],
        "pins": Pins(request, request.work).for_everybody([(case, report)]),
    }


def published(request: Request) -> tuple[Case, Report]:
    """Return the published report of the URL.

    :raises NotFound: when there is none.
    """
    row = request.work.session.execute(
        select(Case, Report)
        .join(Report, Report.case_id == Case.id)
        .where(Case.id == int(request.matchdict["id"]), Case.kind == KIND, Case.public)
    ).one_or_none()
    if row is None:
        raise NotFound("not published")
    case, report = row
    return case, report


def ask_me_too(request: Request) -> dict[str, object]:
    """Ask for confirmation to follow an open report, for visitors after the sign-in."""
    case = request.work.get(ReportService).open_case(_case_id(request, request.GET))
    return {
        "case": case,
        "category": request.work.get(OrganizationService).category_name(case.category_id),
        "status": request.work.get(CaseService).kind(case).public_status(case.status),
    }


def me_too(request: Request) -> ViewResult:
    """Let a citizen follow another person's report; a visitor signs in first."""
    case_id = _case_id(request, request.POST)
    if not request.identity.is_citizen:
        target = f"{request.route_path('reports.me_too')}?case={case_id}"
        return HTTPSeeOther(f"/login?next={quote(target)}")
    service = request.work.get(ReportService)
    case = service.open_case(case_id)
    service.me_too(case)
    request.session.flash(request.translate(_("You will hear of every step of this report.")), "good")
    if case.citizen_id == request.identity.user_id:
        return HTTPSeeOther(request.route_path("my_case", code=case.code))
    return HTTPSeeOther(request.route_path("followed", id=case.id, _query={"note": ""}))


def _case_id(request: Request, params: MultiDict[str]) -> int:
    try:
        return int(BoundForm(request, MeToo(), ignore=("next",)).validate(params)["case"])
    except FormInvalid:
        raise NotFound("no such report") from None


def public_filters(request: Request) -> tuple[BoundForm, Filters]:
    """Return the filters of the URL, as form and query."""
    form = BoundForm(request, PublicFilters(), bindings={"categories": filter_options(topics(request.work))})
    return form, Filters.of(form.read_filters(request.GET))
