"""Open311 GeoReport v2: published reports for other software, and new ones by it."""

from pyramid.config import Configurator

from civicportal.api.web import PagePermission
from civicportal_reports.open311.documents import refuse
from civicportal_reports.open311.views import GeoReportError, answer_error

PREFIX = "/open311/"
FORMAT = "{format:xml|json}"
FILES = ("media", "media[]")
"""Fields of pictures in a form."""
#: By the name of the route: its pattern, and the view that reads and the one that writes.
ROUTES: dict[str, tuple[str, str, str]] = {
    "discovery": (f"/open311/discovery.{FORMAT}", "discovery", ""),
    # Some clients take the address of the endpoint for that of the discovery.
    "discovery_of_endpoint": (f"/open311/v2/discovery.{FORMAT}", "discovery", ""),
    "services": (f"/open311/v2/services.{FORMAT}", "services", ""),
    "service": (f"/open311/v2/services/{{code:[^/]+}}.{FORMAT}", "service", ""),
    "requests": (f"/open311/v2/requests.{FORMAT}", "requests", "create"),
    "request": (f"/open311/v2/requests/{{id:[^/]+}}.{FORMAT}", "one_request", ""),
    "token": (f"/open311/v2/tokens/{{token:[^/]+}}.{FORMAT}", "token", ""),
    "updates": (f"/open311/v2/servicerequestupdates.{FORMAT}", "updates", "add_update"),
}


def includeme(config: Configurator) -> None:
    """Add the addresses."""
    config.add_api_root(PREFIX, refuse, key_field="api_key", file_fields=FILES)
    config.registry.settings["civicportal.upload_paths"] += [
        f"/open311/v2/requests.{form}" for form in ("xml", "json")
    ]
    config.add_exception_view(answer_error, context=GeoReportError)
    for name, (pattern, reads, writes) in ROUTES.items():
        route = f"reports.open311_{name}"
        config.add_route(route, pattern)
        config.add_view(
            f"civicportal_reports.open311.views.{reads}",
            route_name=route,
            request_method="GET",
            permission=PagePermission.EVERYBODY,
        )
        if writes:
            config.add_view(
                f"civicportal_reports.open311.views.{writes}",
                route_name=route,
                request_method="POST",
                permission=PagePermission.SIGNED_IN,
                scope="cases:write",
            )
