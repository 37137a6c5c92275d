"""The pages of parking permits."""

from pyramid.config import Configurator

from civicportal.api.web import PagePermission, add_pages
from civicportal_parking_permits.names import ZONES

VIEW = "parking_permits:case:view"
#: The first pattern that fits is taken.
ROUTES = {
    "parking_permits.new": "/parking_permits/new",
    "parking_permits.renew": r"/parking_permits/renew/{code:\d{10}}",
    "parking_permits.desk": "/desk/parking_permits",
    "parking_permits.search": "/desk/parking_permits/search",
    "parking_permits.statistics": "/desk/parking_permits/statistics",
    "parking_permits.zones": "/desk/parking_permits/zones",
    "parking_permits.zone": "/desk/parking_permits/zones/{key}",
}
#: Route, view, template, who may, methods.
VIEWS: tuple[tuple[str, str, str | None, str, str | tuple[str, ...]], ...] = (
    ("parking_permits.new", "citizen.new", "new", PagePermission.EVERYBODY, ("GET", "POST")),
    ("parking_permits.renew", "citizen.renew", "new", PagePermission.CITIZEN, ("GET", "POST")),
    ("parking_permits.desk", "desk.listing", "desk", VIEW, "GET"),
    ("parking_permits.search", "desk.search", None, VIEW, "POST"),
    ("parking_permits.statistics", "desk.figures", "statistics", VIEW, "GET"),
    ("parking_permits.zones", "zones.listing", "zones", VIEW, "GET"),
    ("parking_permits.zone", "zones.edit", "zone", ZONES, ("GET", "POST")),
)


def includeme(config: Configurator) -> None:
    """Add routes and views; application forms have picture uploads."""
    config.registry.settings["civicportal.upload_paths"] += [
        ROUTES["parking_permits.new"],
        "/parking_permits/renew",
    ]
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal_parking_permits.views",
        templates="civicportal_parking_permits:templates/parking_permits",
    )
