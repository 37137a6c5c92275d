"""Progressive web app: manifest, service worker, offline pages, queue of forms."""

from pyramid.config import Configurator

from civicportal.core.security import PagePermission

ROUTES = {
    "manifest": "/manifest.webmanifest",
    "service_worker": "/sw.js",
    "offline": "/offline",
    "queue": "/queue",
    "queue_session": "/queue/session",
}
#: Route and renderer; the view has the name of the route.
VIEWS = (
    ("manifest", None),
    ("service_worker", None),
    ("offline", "civicportal:templates/pwa/offline.jinja2"),
    ("queue", "civicportal:templates/pwa/queue.jinja2"),
    ("queue_session", "json"),
)


def includeme(config: Configurator) -> None:
    """Add the routes, and mark cacheable pages."""
    config.include("civicportal.web.pwa.keeping")
    for name, pattern in ROUTES.items():
        config.add_route(name, pattern)
    for name, renderer in VIEWS:
        config.add_view(
            f"civicportal.web.pwa.views.{name}",
            route_name=name,
            renderer=renderer,
            permission=PagePermission.EVERYBODY,
        )
