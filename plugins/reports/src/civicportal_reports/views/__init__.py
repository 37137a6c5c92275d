"""Views of reports."""

from pyramid.config import Configurator

from civicportal.api.web import PagePermission, add_pages
from civicportal_reports import open311, open311_client
from civicportal_reports.rest import OPERATIONS
from civicportal_reports.workflow import KIND

VIEW, WORK, REGISTER = "reports:case:view", "reports:case:work", "reports:case:register"

#: The first matching pattern is taken.
ROUTES = {
    "reports.new": "/reports/new",
    "reports.check": "/reports/new/check",
    "reports.near": "/reports/near",
    "reports.sent": r"/reports/sent/{code:\d{10}}",
    "reports.map": "/reports/map.json",
    "reports.me_too": "/reports/me-too",
    "reports.list": "/reports",
    "reports.embed": "/reports/embed",
    "reports.follow": "/reports/follow",
    "reports.feed": "/reports/feed.xml",
    "reports.rss": "/reports/rss.xml",
    "reports.list_picture": "/reports/picture.png",
    "reports.features": "/reports/features",
    # Clients add a slash to the address of a landing page.
    "reports.features_root": "/reports/features/",
    "reports.features_api": "/reports/features/api",
    "reports.features_conformance": "/reports/features/conformance",
    "reports.features_collections": "/reports/features/collections",
    "reports.features_collection": "/reports/features/collections/reports",
    "reports.features_items": "/reports/features/collections/reports/items",
    "reports.features_item": r"/reports/features/collections/reports/items/{id:\d{1,18}}",
    "reports.picture": r"/reports/{id:\d{1,18}}/picture.png",
    "reports.page": r"/reports/{id:\d{1,18}}",
    "reports.desk": "/desk/reports",
    "reports.desk_map": "/desk/reports/map",
    "reports.map_numbers": "/desk/reports/map/numbers",
    "reports.map_drawing": "/desk/reports/map.svg",
    "reports.points": "/desk/reports/map.json",
    "reports.card": r"/desk/reports/{code:\d{10}}/card",
    "reports.public_card": r"/reports/{id:\d{1,18}}/card",
    "reports.register": "/desk/reports/new",
    "reports.register_near": "/desk/reports/near",
    "reports.field": "/desk/reports/field",
    "reports.field_case": r"/desk/reports/field/{code:\d{10}}",
    "reports.field_job": r"/desk/reports/field/{code:\d{10}}/jobs/{job:\d{1,18}}",
    "reports.statistics": "/desk/reports/statistics",
    "reports.search": "/desk/reports/search",
    "reports.convert": r"/desk/reports/from/{code:\d{10}}",
    "reports.duplicate": r"/desk/reports/{code:\d{10}}/duplicate",
}
#: Route, view, template or renderer, permission, methods.
VIEWS: tuple[tuple[str, str, str | None, str, str | tuple[str, ...]], ...] = (
    ("reports.new", "wizard.new", "new", PagePermission.EVERYBODY, ("GET", "POST")),
    ("reports.check", "wizard.check", None, PagePermission.EVERYBODY, "POST"),
    ("reports.near", "wizard.near", "near", PagePermission.EVERYBODY, "GET"),
    ("reports.sent", "wizard.sent", "sent", PagePermission.CITIZEN, "GET"),
    ("reports.map", "maps.public_points", "json", PagePermission.EVERYBODY, "GET"),
    ("reports.public_card", "maps.public_card", "card", PagePermission.EVERYBODY, "GET"),
    ("reports.list", "public.listing", "list", PagePermission.EVERYBODY, "GET"),
    ("reports.embed", "embed.embedded", "embed", PagePermission.EVERYBODY, "GET"),
    ("reports.follow", "follow.follow", "follow", PagePermission.CITIZEN, ("GET", "POST")),
    ("reports.feed", "sharing.atom_feed", None, PagePermission.EVERYBODY, "GET"),
    ("reports.rss", "sharing.rss_feed", None, PagePermission.EVERYBODY, "GET"),
    ("reports.list_picture", "sharing.list_picture", None, PagePermission.EVERYBODY, "GET"),
    ("reports.picture", "sharing.page_picture", None, PagePermission.EVERYBODY, "GET"),
    ("reports.features", "features.landing", None, PagePermission.EVERYBODY, "GET"),
    ("reports.features_root", "features.landing", None, PagePermission.EVERYBODY, "GET"),
    ("reports.features_api", "features.api", None, PagePermission.EVERYBODY, "GET"),
    ("reports.features_conformance", "features.conformance", None, PagePermission.EVERYBODY, "GET"),
    ("reports.features_collections", "features.collections", None, PagePermission.EVERYBODY, "GET"),
    ("reports.features_collection", "features.collection", None, PagePermission.EVERYBODY, "GET"),
    ("reports.features_items", "features.items", None, PagePermission.EVERYBODY, "GET"),
    ("reports.features_item", "features.item", None, PagePermission.EVERYBODY, "GET"),
    ("reports.page", "public.page", "page", PagePermission.EVERYBODY, "GET"),
    ("reports.me_too", "public.ask_me_too", "me_too", PagePermission.CITIZEN, "GET"),
    ("reports.me_too", "public.me_too", None, PagePermission.EVERYBODY, "POST"),
    ("reports.desk", "desk.listing", "desk", VIEW, "GET"),
    ("reports.desk_map", "maps.desk_map", "map", VIEW, "GET"),
    ("reports.map_numbers", "maps.desk_numbers", "map_numbers", VIEW, "GET"),
    ("reports.map_drawing", "maps.desk_drawing", None, VIEW, "GET"),
    ("reports.points", "maps.desk_points", "json", VIEW, "GET"),
    ("reports.card", "maps.desk_card", "card", VIEW, "GET"),
    ("reports.field", "field.listing", "field", WORK, ("GET", "POST")),
    ("reports.field_case", "field.case", "field_case", WORK, ("GET", "POST")),
    ("reports.field_job", "field.job", "field_case", WORK, ("GET", "POST")),
    ("reports.statistics", "desk.statistics", "statistics", VIEW, "GET"),
    ("reports.register", "register.new", "register", REGISTER, ("GET", "POST")),
    ("reports.register_near", "register.near_reports", "register_near", REGISTER, "GET"),
    ("reports.search", "desk.search", None, VIEW, "POST"),
    ("reports.convert", "convert.convert", "convert", REGISTER, ("GET", "POST")),
    ("reports.duplicate", "desk.link_duplicate", None, WORK, "POST"),
)


def includeme(config: Configurator) -> None:
    """Add routes and views."""
    config.registry.settings["civicportal.upload_paths"] += [
        ROUTES["reports.new"],
        ROUTES["reports.register"],
        ROUTES["reports.field"],
    ]
    config.add_operations(OPERATIONS)
    if config.registry.site.plugin_settings[KIND]["open311"]:
        config.include(open311)
    config.include(open311_client)
    config.keep_offline("reports.new", "reports.list")
    config.keep_offline("reports.field", "reports.field_case", "reports.field_job", staff=True)
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal_reports.views",
        templates="civicportal_reports:templates/reports",
    )
