"""Reports on home page, desk and case page."""

from collections.abc import Iterator

from civicportal.api.cases import AccessService, Case, CaseService, kind_of
from civicportal.api.geo import CityDrawing, Point
from civicportal.api.organization import OrganizationService
from civicportal.api.web import DashboardWidget, Panel, Request
from civicportal_reports.field import directions
from civicportal_reports.i18n import _
from civicportal_reports.looks import look_of
from civicportal_reports.models import Report
from civicportal_reports.nearby import NearbyService
from civicportal_reports.open311_client.services import (
    ADVICE,
    CONFLICTS,
    MANAGE,
    STAGES,
    STATES,
    RemoteService,
    conflict_of,
)
from civicportal_reports.pins import Pins
from civicportal_reports.search import Filters, PublicPoint, ReportSearch
from civicportal_reports.workflow import KIND

TEMPLATES = "civicportal_reports:templates/reports/widgets"
PLACE = f"{TEMPLATES}/place.jinja2"
WAY = f"{TEMPLATES}/way.jinja2"
RECENT = 4
RECENT_PINS = 60
DRAWING_METRES = 900
DRAWING_SIZE = (640, 320)


def dashboard_widgets(request: Request) -> Iterator[DashboardWidget]:
    """Return the service card, the recent reports, and the figures for staff."""
    yield DashboardWidget.card(
        name="reports",
        title=_("Report a problem"),
        text=_("Asphalt, waste, green spaces, lighting and more"),
        url=request.route_path("reports.new"),
        icon="map-pin",
        tone="t",
        weight=100,
    )
    yield DashboardWidget(
        name="reports.recent",
        area="main",
        template=f"{TEMPLATES}/recent.jinja2",
        weight=50,
        context=lambda: _recent(request),
    )
    if request.identity.is_staff and request.identity.permits("reports:case:view"):
        yield _desk(request)


def case_panels(case: Case, request: Request) -> Iterator[Panel]:
    """Return the map of a report, nearby reports, and where it was delivered."""
    if case.kind == KIND and request.identity.is_staff:
        yield from _delivered(case, request)
    # The page has read it with the case.
    report: Report | None = request.work.get(CaseService).detail(case) if case.kind == KIND else None
    if report is None or not (report.point or case.place):
        # Reports of an earlier system may have no place.
        return
    place = _place(case, report, request)
    yield Panel(name="reports.place", area="citizen", weight=50, template=PLACE, context=place)
    if case.public:
        yield Panel(name="reports.place", area="followed", template=f"{TEMPLATES}/map.jinja2", context=place)
    there = {"there": directions(request.site, report)}
    yield Panel(name="reports.place", area="contractor", weight=50, template=WAY, context=place | there)
    if not request.identity.is_staff:
        return
    yield Panel(name="reports.place", area="aside", weight=50, template=PLACE, context=place)
    if report.point and case.category_id:
        yield from _nearby(case, report.point, case.category_id, request)


def _recent(request: Request) -> dict[str, object]:
    work = request.display_work
    search, kind = work.get(ReportSearch), kind_of(request.site, KIND)
    categories = work.get(OrganizationService).categories.by_id
    center = request.site.settings["map"]["center"] if request.site.map else None
    points = search.public_points(Filters(), most=RECENT_PINS) if center else []
    return {
        "rows": [
            (
                case,
                report,
                categories.get(case.category_id or 0),
                kind.public_status(case.status),
                look_of(case.status, case.stage),
            )
            for case, report in search.latest_published(RECENT)
        ],
        "pins": Pins(request, work).for_everybody(points),
        "center": center,
    }


def _desk(request: Request) -> DashboardWidget:
    total = request.display_work.get(ReportSearch).total
    path = request.route_path("reports.desk")
    stages = (
        ("registered", _("Registered"), "c4"),
        ("in_progress", _("In progress"), "c1"),
        ("done", _("Reviewed"), "c6"),
    )

    def context() -> dict[str, object]:
        rows = [
            (title, total(Filters(stage=stage)), f"{path}?stage={stage}", tone)
            for stage, title, tone in stages
        ]
        overdue = (_("Overdue"), total(Filters(overdue=True)), f"{path}?overdue=true", "c5")
        return {
            "title": _("City reports"),
            "link": request.route_path("reports.statistics"),
            "link_title": _("Figures and map"),
            "rows": [*rows[:2], overdue, *rows[2:]],
        }

    return DashboardWidget(
        name="reports.desk",
        area="desk",
        template="civicportal:templates/dashboard/desk_list.jinja2",
        weight=50,
        context=context,
    )


def _place(case: Case, report: Report, request: Request) -> dict[str, object]:
    city_map, point = request.site.map, report.point
    pins = Pins(request, request.display_work).for_everybody([PublicPoint.of(case, report)])
    return {
        "case": case,
        "report": report,
        "pins": [{**pin, "url": "", "lat": report.lat, "lon": report.lon} for pin in pins],
        "drawing": CityDrawing(city_map, DRAWING_SIZE).surroundings(point, DRAWING_METRES, [point])
        if city_map and point
        else "",
    }


def _nearby(case: Case, point: Point, category_id: int, request: Request) -> Iterator[Panel]:
    work = request.display_work
    seen = work.get(AccessService).visible()
    found = work.get(NearbyService).reports(point, category_id, seen, but=case.id)
    if not found:
        return
    # The page has already loaded the rights on the case.
    steps = request.work.get(CaseService).steps(case)
    kind = kind_of(work.site, KIND)
    yield Panel(
        name="reports.nearby",
        area="aside",
        template=f"{TEMPLATES}/nearby.jinja2",
        weight=40,
        context={
            "case": case,
            "found": [(near, kind.workflow.state(near.status).title) for near in found],
            "may_link": any(step.transition.name == "duplicate" for step in steps),
        },
    )


def _delivered(case: Case, request: Request) -> Iterator[Panel]:
    service = request.display_work.get(RemoteService)
    found = service.of_case(case) if service.is_used() else ()
    if found:
        yield Panel(
            name="reports.remote",
            area="aside",
            template="civicportal_reports:templates/remote/panel.jinja2",
            weight=60,
            context={
                "deliveries": [(delivery, server, conflict_of(delivery, case)) for delivery, server in found],
                "states": STATES,
                "stages": STAGES,
                "conflicts": CONFLICTS,
                "advice": ADVICE,
                "may_manage": request.identity.permits(MANAGE),
            },
        )
