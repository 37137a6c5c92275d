"""Probes, and ``/metrics``."""

from pyramid.config import Configurator

from civicportal.core.security import PagePermission


def includeme(config: Configurator) -> None:
    """Add the probes and the page of metrics.

    Requests are counted if the site file has ``[metrics]``.
    """
    from civicportal.portal.health.views import metrics

    config.include("civicportal.portal.health.probes")
    config.add_route("metrics", "/metrics")
    config.add_view(metrics, route_name="metrics", permission=PagePermission.EVERYBODY)
    if config.registry.site.settings["metrics"]:
        config.include("civicportal.portal.health.requests")
