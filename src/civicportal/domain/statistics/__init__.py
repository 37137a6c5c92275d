"""Statistics: counters, figures, public page."""

from pyramid.config import Configurator

from civicportal.core.security import PagePermission


def includeme(config: Configurator) -> None:
    """Add the public page."""
    config.add_route("figures", "/statistics")
    config.add_view(
        "civicportal.domain.statistics.views.public",
        route_name="figures",
        renderer="civicportal:templates/statistics/public.jinja2",
        permission=PagePermission.EVERYBODY,
        request_method="GET",
    )
