"""Navigation, the citizens' home page and the staff desk, filled by plugins."""

from pyramid.config import Configurator

from civicportal.core.security import PagePermission


def includeme(config: Configurator) -> None:
    """Add the pages and ``request.navigation``."""
    config.include("civicportal.portal.dashboard.navigation")
    config.add_route("home", "/")
    config.add_route("desk", "/desk")
    views = "civicportal.portal.dashboard.views"
    templates = "civicportal:templates/dashboard"
    config.add_view(
        f"{views}.home",
        route_name="home",
        renderer=f"{templates}/home.jinja2",
        permission=PagePermission.EVERYBODY,
    )
    config.add_view(
        f"{views}.desk",
        route_name="desk",
        renderer=f"{templates}/desk.jinja2",
        permission=PagePermission.STAFF,
    )
