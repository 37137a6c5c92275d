"""Figures: counters closed with each unit of work, the numbers desks share, and the page of figures for everybody."""

from typing import Any

from civicportal.security import EVERYBODY


def includeme(config: Any) -> None:
    """Add the public page."""
    config.add_route("figures", "/statistics")
    config.add_view(
        "civicportal.statistics.views.public",
        route_name="figures",
        renderer="civicportal:templates/statistics/public.jinja2",
        permission=EVERYBODY,
        request_method="GET",
    )
