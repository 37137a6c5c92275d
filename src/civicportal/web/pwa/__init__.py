"""Progressive web app: manifest, service worker, offline pages."""

from pyramid.config import Configurator
from pyramid.events import NewResponse

from civicportal.core.security import PagePermission


def includeme(config: Configurator) -> None:
    """Add the three routes, and mark cacheable pages."""
    config.add_subscriber("civicportal.web.pwa.keeping.mark", NewResponse)
    views = "civicportal.web.pwa.views"
    config.add_route("manifest", "/manifest.webmanifest")
    config.add_route("service_worker", "/sw.js")
    config.add_route("offline", "/offline")
    config.add_view(f"{views}.manifest", route_name="manifest", permission=PagePermission.EVERYBODY)
    config.add_view(
        f"{views}.service_worker", route_name="service_worker", permission=PagePermission.EVERYBODY
    )
    config.add_view(
        f"{views}.offline",
        route_name="offline",
        renderer="civicportal:templates/pwa/offline.jinja2",
        permission=PagePermission.EVERYBODY,
    )
