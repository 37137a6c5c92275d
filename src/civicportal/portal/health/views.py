"""The page ``/metrics``."""

from hmac import compare_digest
from ipaddress import ip_address

from pyramid.httpexceptions import HTTPNotFound

from civicportal.core.serving.proxies import networks
from civicportal.web.request import Request, ViewResult


def metrics(request: Request) -> ViewResult:
    """Answer with all metrics, as OpenMetrics or in Prometheus's older format by the Accept header.

    :raises HTTPNotFound: for clients that ``[metrics]`` does not allow.
    """
    if not _may_read(request):
        raise HTTPNotFound
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder

    from civicportal.portal.health.metrics import MetricsCollector

    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    registry = CollectorRegistry()
    registry.register(request.registry.request_metrics.all_processes())
    registry.register(MetricsCollector(request.site))
    response = request.response
    response.headers["Content-Type"] = content_type
    response.headers["Cache-Control"] = "no-store"
    response.body = encode(registry)
    return response


def _may_read(request: Request) -> bool:
    table = request.site.settings["metrics"]
    if not table:
        return False
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if table["token"] and scheme.lower() == "bearer":
        return compare_digest(token.strip().encode(), table["token"].encode())
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return False
    return any(address in network for network in networks(table["addresses"]))
