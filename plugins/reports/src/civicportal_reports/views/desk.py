"""Staff pages of reports."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.api.cases import CaseService, kind_of
from civicportal.api.forms import BoundForm, whole_number
from civicportal.api.lists import ListAddress, search_list
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import Refused
from civicportal.api.statistics import StatisticsPage
from civicportal.api.web import Request, ViewResult
from civicportal_reports.choices import desk_choices
from civicportal_reports.i18n import _
from civicportal_reports.schemas import DeskFilters, StatisticsSchema
from civicportal_reports.search import Filters, ReportSearch
from civicportal_reports.statistics import subject
from civicportal_reports.views.places import map_variables
from civicportal_reports.workflow import KIND

SORTS = {"newest": _("Newest first"), "deadline": _("Deadline"), "updated": _("Last change")}


def listing(request: Request) -> dict[str, object]:
    """List the reports with the filters of the URL."""
    form, filters = desk_filters(request)
    search = request.work.get(ReportSearch)
    sort = request.GET.get("sort", "newest")
    page = search.page(filters, sort=sort, cursor=request.GET.get("cursor"))
    organization = request.work.get(OrganizationService)
    return {
        "form": form,
        "page": page,
        "total": search.shown_total(request, filters, page),
        "filters": filters,
        "instead": search.instead_of(filters) if filters.words and not page.rows else "",
        "address": ListAddress(request, form, "reports.desk"),
        "sort": sort if sort in SORTS else "newest",
        "sorts": SORTS,
        "kind": kind_of(request.site, KIND),
        "categories": organization.categories.by_id,
        "unit_name": organization.unit_name,
        "now": request.site.clock.now(),
    }


def search(request: Request) -> HTTPSeeOther:
    """Answer the search box of the list."""
    return search_list(request, "reports.desk")


def statistics(request: Request) -> dict[str, object]:
    """Show statistics; each number links to its list."""
    form = BoundForm(request, StatisticsSchema(), bindings=desk_choices(request.work))
    values = form.read_filters(request.GET)
    page = StatisticsPage(
        form=form,
        route="reports.statistics",
        list_route="reports.desk",
        people=_("Reporting citizens"),
    )
    shown = page.variables(request, subject(request.work, values))
    return {**shown, **map_variables(request, shown["address"].list)}


def link_duplicate(request: Request) -> ViewResult:
    """Close a report as a duplicate of one nearby."""
    service = request.work.get(CaseService)
    case = service.fetch(request.matchdict["code"], lock=True)
    back = HTTPSeeOther(f"/kartable/cases/{case.code}")
    try:
        service.apply(
            case,
            "duplicate",
            version=whole_number(request.POST.get("version", "")),
            data={"duplicate_of": request.POST.get("duplicate_of", "")},
        )
    except Refused as refusal:
        request.session.flash(request.translate(refusal.reason), "bad")
    else:
        request.session.flash(request.translate(_("The reports are linked.")), "good")
    return back


def desk_filters(request: Request) -> tuple[BoundForm, Filters]:
    """Return the filters of the URL, as form and query."""
    choices = desk_choices(request.work, category=request.GET.get("category", ""))
    form = BoundForm(request, DeskFilters(), bindings=choices)
    return form, Filters.of(form.read_filters(request.GET))
