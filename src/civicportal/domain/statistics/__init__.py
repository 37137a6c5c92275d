"""Statistics: counters, figures, public page."""

from pyramid.config import Configurator

from civicportal.core.security import PagePermission
from civicportal.domain.statistics.rest import OPERATIONS


def includeme(config: Configurator) -> None:
    """Add the public page, and the operation of the API."""
    config.add_operations(OPERATIONS)
    config.add_route("figures", "/statistics")
    config.add_view(
        "civicportal.domain.statistics.views.public",
        route_name="figures",
        renderer="civicportal:templates/statistics/public.jinja2",
        permission=PagePermission.EVERYBODY,
        request_method="GET",
    )
