"""Pages of crews on a telephone."""

from dataclasses import replace

from civicportal.api.cases import kind_of
from civicportal.api.forms import BoundForm
from civicportal.api.geo import Bounds
from civicportal.api.localization import format_number
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import Site
from civicportal.api.web import Request
from civicportal_reports.field import FieldService, Tour
from civicportal_reports.i18n import _
from civicportal_reports.looks import look_of
from civicportal_reports.models import Report
from civicportal_reports.schemas import FieldFilters, point_of
from civicportal_reports.viewports import MapView
from civicportal_reports.workflow import KIND

CLOSEST = 16
"""Largest zoom of the map of a list."""
TITLES = {"all": _("All"), "mine": _("In my hands"), "unit": _("Not taken")}


def listing(request: Request) -> dict[str, object]:
    """Show the reports of the actor's day in driving order, with their map."""
    form = BoundForm(request, FieldFilters())
    values = form.read_filters(request.GET)
    whose = values["whose"] or "all"
    start = point_of(values["near"]) if values["near"] else None
    tour = request.work.get(FieldService).tour(whose, start)
    return {
        "tour": tour,
        "whose": whose,
        "titles": TITLES,
        "near": values["near"],
        "problem": form.errors[0].message if form.errors else "",
        "pins": _pins(request, tour),
        "view": _view(tour),
        "kind": kind_of(request.site, KIND),
        "categories": request.work.get(OrganizationService).categories.by_id,
        "directions": directions,
        "now": request.site.clock.now(),
    }


def directions(site: Site, report: Report) -> str:
    """Return the address that leads to a report, empty without a point."""
    if report.point is None:
        return ""
    template = site.plugin_settings[KIND]["directions_url"] or "geo:{lat},{lon}?q={lat},{lon}"
    return str(template).format(lat=report.lat, lon=report.lon)


def _view(tour: Tour) -> MapView | None:
    """Return the part of the map with all stops; not closer than a few streets."""
    points = [point for stop in tour.stops if (point := stop.report.point)]
    if not points:
        return None
    view = MapView.around(Bounds.around(points))
    return replace(view, zoom=min(view.zoom - 1, CLOSEST))


def _pins(request: Request, tour: Tour) -> list[dict[str, object]]:
    """Return the stops as points of a map, numbered as in the list."""
    categories = request.work.get(OrganizationService).categories.by_id
    pins: list[dict[str, object]] = []
    for number, stop in enumerate(tour.stops, 1):
        case, category = stop.case, categories.get(stop.case.category_id or 0)
        if stop.report.point:
            pins.append(
                {
                    "lat": stop.report.lat,
                    "lon": stop.report.lon,
                    "tone": look_of(case.status, case.stage).tone,
                    "icon": category.icon if category else "map-pin",
                    "label": format_number(number, request.locale_name),
                    "title": case.subject,
                    "url": f"/kartable/cases/{case.code}",
                }
            )
    return pins
