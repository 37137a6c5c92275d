"""``/metrics``: figures for a monitor, where the site names who may read them; docs/use/monitor.md lists them."""

from typing import Any

from civicportal.security import EVERYBODY


def includeme(config: Any) -> None:
    """Add the page, and count requests, if ``[metrics]`` stands in the site file."""
    from civicportal.monitoring.views import metrics

    config.add_route("metrics", "/metrics")
    config.add_view(metrics, route_name="metrics", permission=EVERYBODY)
    if config.registry.site.settings["metrics"]:
        config.include("civicportal.monitoring.requests")
