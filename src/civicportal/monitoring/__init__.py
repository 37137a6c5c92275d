"""``/metrics`` for monitoring systems that the site file allows; docs/use/monitor.md lists the metrics."""

from typing import Any

from civicportal.security import EVERYBODY


def includeme(config: Any) -> None:
    """Add the page, and count requests, if the site file has ``[metrics]``."""
    from civicportal.monitoring.views import metrics

    config.add_route("metrics", "/metrics")
    config.add_view(metrics, route_name="metrics", permission=EVERYBODY)
    if config.registry.site.settings["metrics"]:
        config.include("civicportal.monitoring.requests")
