"""Maps of reports: data, and the card of a point."""

from functools import partial

from pyramid.httpexceptions import HTTPBadRequest, HTTPNotFound
from pyramid.response import Response
from translationstring import TranslationString

from civicportal.api.cases import Case, CaseService, kind_of
from civicportal.api.forms import BoundForm
from civicportal.api.lists import ListAddress
from civicportal.api.localization import format_number
from civicportal.api.organization import OrganizationService
from civicportal.api.web import Request
from civicportal_reports.looks import look_of
from civicportal_reports.mapping import ReportMap
from civicportal_reports.models import Report
from civicportal_reports.panel import MapPanel, map_panel
from civicportal_reports.pins import Pins, heat
from civicportal_reports.search import Filters
from civicportal_reports.viewports import InvalidView, MapView
from civicportal_reports.views.desk import desk_filters
from civicportal_reports.views.places import map_variables
from civicportal_reports.views.public import public_filters, published, strict
from civicportal_reports.workflow import KIND


def desk_map(request: Request) -> dict[str, object]:
    """Show the map of the filtered reports."""
    form, filters = desk_filters(request)
    address = ListAddress(request, form, "reports.desk")
    return {
        "form": form,
        "address": address,
        "map": _panel(request, filters),
        **map_variables(request, address),
    }


def desk_numbers(request: Request) -> dict[str, object]:
    """Return the drawing and the counts by district, as an HTML fragment."""
    form, filters = desk_filters(request)
    return {"map": _panel(request, filters), "address": ListAddress(request, form, "reports.desk")}


def desk_drawing(request: Request) -> Response:
    """Return the drawing of the city as a picture, for browsers without JavaScript."""
    filters = _strict(desk_filters(request))
    drawing = _panel(request, filters).drawing
    if drawing is None:
        raise HTTPNotFound
    return Response(str(drawing), content_type="image/svg+xml", charset="utf-8")


def desk_points(request: Request) -> dict[str, object]:
    """Return the points of the visible part for staff."""
    return _answer(request, _strict(desk_filters(request)), public=False)


def public_points(request: Request) -> dict[str, object]:
    """Return the points of the visible part for the public."""
    return _answer(request, _strict(public_filters(request)), public=True)


def desk_card(request: Request) -> dict[str, object]:
    """Return the card of a report for staff, as an HTML fragment."""
    case = request.work.get(CaseService).fetch(request.matchdict["code"])
    report = request.work.session.get(Report, case.id)
    if report is None:
        raise HTTPNotFound
    status = kind_of(request.site, KIND).workflow.state(case.status).title
    return _card(request, case, report, status, f"/kartable/cases/{case.code}")


def public_card(request: Request) -> dict[str, object]:
    """Return the card of a published report, as an HTML fragment."""
    case, report = published(request)
    status = kind_of(request.site, KIND).public_status(case.status)
    return _card(request, case, report, status, request.route_path("reports.page", id=case.id))


def _strict(read: tuple[BoundForm, Filters]) -> Filters:
    """Return the filters, all of which must be valid.

    A map cannot show that one was ignored.
    """
    form, filters = read
    strict(form)
    return filters


def _answer(request: Request, filters: Filters, *, public: bool) -> dict[str, object]:
    try:
        view = MapView.of(request.GET)
    except InvalidView as problem:
        raise HTTPBadRequest(str(problem)) from None
    service = request.work.get(ReportMap)
    if request.GET.get("mode") == "heat":
        return heat(service.heat(filters, view, public=public))
    return Pins(request, request.work).picture(service.picture(filters, view, public=public), public=public)


def _panel(request: Request, filters: Filters) -> MapPanel:
    return map_panel(request.work, filters, partial(format_number, locale=request.locale_name))


def _card(
    request: Request, case: Case, report: Report, status: TranslationString, url: str
) -> dict[str, object]:
    categories = request.work.get(OrganizationService).categories.by_id
    return {
        "case": case,
        "report": report,
        "status": status,
        "look": look_of(case.status, case.stage),
        "category": categories.get(case.category_id or 0),
        "url": url,
    }
