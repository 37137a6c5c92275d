"""Parking permits on pages of the core."""

from collections.abc import Iterator

from civicportal.api.cases import Case
from civicportal.api.web import DashboardWidget, NavigationItem, Panel, Request
from civicportal_parking_permits.i18n import _
from civicportal_parking_permits.models import Zone
from civicportal_parking_permits.names import KIND
from civicportal_parking_permits.services import PermitService
from civicportal_parking_permits.settings import money
from civicportal_parking_permits.workflow import ICON, PERMITS, TITLE

WEIGHT = 70
"""Heavier ones stand further up."""


def navigation_items() -> Iterator[NavigationItem]:
    """Return the links of citizens and staff."""
    yield NavigationItem(
        name="parking_permits.new", title=TITLE, route="parking_permits.new", icon=ICON, weight=WEIGHT
    )
    yield NavigationItem(
        name="parking_permits.desk",
        title=TITLE,
        route="parking_permits.desk",
        icon=ICON,
        area="staff",
        weight=WEIGHT,
        kind=KIND,
        permission=PERMITS.permission("view"),
    )


def dashboard_widgets(request: Request) -> Iterator[DashboardWidget]:
    """Return the card on the citizens' home."""
    yield DashboardWidget.card(
        name=KIND,
        title=TITLE,
        text=_("Apply for a place in your street, and renew it"),
        url=request.route_path("parking_permits.new"),
        icon=ICON,
        tone="b",
        weight=WEIGHT,
    )


def case_panels(case: Case, request: Request) -> Iterator[Panel]:
    """Return vehicle, zone, fee and term of a permit, for its citizen and for staff."""
    work = request.display_work
    service = work.get(PermitService)
    permit = service.detail(case)
    if permit is None:
        return
    staff = request.identity.is_staff
    yield Panel(
        name="parking_permits.detail",
        area="facts" if staff else "citizen",
        template="civicportal_parking_permits:templates/parking_permits/detail.jinja2",
        weight=WEIGHT,
        context={
            "permit": permit,
            "zone": work.session.get_one(Zone, permit.zone_id),
            "fee": "" if permit.fee is None else money(work, permit.fee, request.locale_name),
            "renew": not staff and service.may_renew(case, permit),
            "case": case,
        },
    )
