"""What makes the portal installable: manifest, service worker with the shell of the app, offline page."""

from typing import Any

from civicportal.security import EVERYBODY


def includeme(config: Any) -> None:
    """Add the three addresses; they need neither session nor database."""
    views = "civicportal.pwa.views"
    config.add_route("manifest", "/manifest.webmanifest")
    config.add_route("service_worker", "/sw.js")
    config.add_route("offline", "/offline")
    config.add_view(f"{views}.manifest", route_name="manifest", permission=EVERYBODY)
    config.add_view(f"{views}.service_worker", route_name="service_worker", permission=EVERYBODY)
    config.add_view(
        f"{views}.offline",
        route_name="offline",
        renderer="civicportal:templates/pwa/offline.jinja2",
        permission=EVERYBODY,
    )
