"""The desk: the list of applications and its statistics."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.api.cases import kind_of
from civicportal.api.forms import BoundForm
from civicportal.api.lists import ListAddress, search_list
from civicportal.api.statistics import StatisticsPage
from civicportal.api.web import Request, ViewResult
from civicportal_parking_permits.names import KIND
from civicportal_parking_permits.schemas import DeskFilters, StatisticsSchema
from civicportal_parking_permits.search import Filters, PermitSearch
from civicportal_parking_permits.statistics import choices, subject


def listing(request: Request) -> dict[str, object]:
    """List the filtered applications."""
    search = request.work.get(PermitSearch)
    form = BoundForm(request, DeskFilters(), bindings=choices(request.work))
    filters = Filters.of(form.read_filters(request.GET))
    page = search.page(filters, cursor=request.GET.get("cursor"))
    return {
        "form": form,
        "page": page,
        "total": search.shown_total(request, filters, page),
        "filters": filters,
        "instead": search.instead_of(filters) if filters.words and not page.rows else "",
        "address": ListAddress(request, form, "parking_permits.desk"),
        "kind": kind_of(request.site, KIND),
        "now": request.site.clock.now(),
    }


def search(request: Request) -> HTTPSeeOther:
    """Answer the search box of the list."""
    return search_list(request, "parking_permits.desk")


def figures(request: Request) -> ViewResult:
    """Show statistics; each number links to its list."""
    form = BoundForm(request, StatisticsSchema(), bindings=choices(request.work))
    values = form.read_filters(request.GET)
    page = StatisticsPage(form=form, route="parking_permits.statistics", list_route="parking_permits.desk")
    return page.variables(request, subject(request.work, values))
