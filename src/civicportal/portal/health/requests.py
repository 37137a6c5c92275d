"""Count requests and refused sign-ins, over all processes of the server.

Each process writes its counts to a separate file in the folder ``PROMETHEUS_MULTIPROC_DIR``, which
:func:`count_over_processes` sets before the library is imported; the process that answers ``/metrics`` adds them up.
A single process keeps them in memory.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.response import Response
from pyramid.tweens import EXCVIEW, INGRESS

from civicportal.web.request import Handler, Request

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram."""
NO_ROUTE = "none"


class RequestMetrics:
    """The counters of one application."""

    def __init__(self) -> None:
        # Imported after the folder is set: the library reads the variable once.
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self.registry = CollectorRegistry()
        self._requests = Counter(
            "civicportal_http_requests",
            "Requests answered, by route and class of the status.",
            ("route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "civicportal_http_request_duration_seconds",
            "Time until the answer began, by route.",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._refused = Counter(
            "civicportal_sign_ins_refused",
            "Sign-ins refused, by realm and reason.",
            ("realm", "reason"),
            registry=self.registry,
        )
        self._children: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count an answered request.

        :param route: name of the route, :data:`NO_ROUTE` if none matched.
        """
        children = self._children.get((route, status // 100))
        if children is None:
            counter = self._requests.labels(route, f"{status // 100}xx")
            children = self._children[route, status // 100] = counter, self._seconds.labels(route)
        children[0].inc()
        children[1].observe(seconds)

    def refused(self, realm: str, reason: str) -> None:
        """Count a refused sign-in."""
        self._refused.labels(realm, reason).inc()

    def all_processes(self) -> "CollectorRegistry":
        """Return the collector of the counts of all processes."""
        if not os.environ.get(FOLDER):
            return self.registry
        from prometheus_client import CollectorRegistry
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library has no types there
        return registry


@contextmanager
def count_over_processes() -> Iterator[None]:
    """Count in one folder for all server processes.

    It is deleted at the end.
    """
    folder = os.environ[FOLDER] = tempfile.mkdtemp(prefix="civicportal-metrics-")
    try:
        yield
    finally:
        del os.environ[FOLDER]
        shutil.rmtree(folder, ignore_errors=True)


def tween_factory(handler: Handler, registry: Registry) -> Handler:
    """Return the tween that counts and measures every request."""
    metrics: RequestMetrics = registry.request_metrics

    def tween(request: Request) -> Response:
        began = time.perf_counter()
        response = handler(request)
        route = getattr(request, "matched_route", None)
        metrics.answered(route.name if route else NO_ROUTE, response.status_int, time.perf_counter() - began)
        return response

    return tween


def includeme(config: Configurator) -> None:
    """Add the tween above all others, and count refused sign-ins."""
    from civicportal.domain.accounts.signing import SignInRefused

    metrics = config.registry.request_metrics = RequestMetrics()
    config.add_subscriber(lambda event: metrics.refused(event.realm, event.reason), SignInRefused)
    config.add_tween(
        "civicportal.portal.health.requests.tween_factory",
        under=INGRESS,
        over=(
            "civicportal.web.headers.headers_tween_factory",
            "civicportal.web.request_checks.request_check_tween_factory",
            EXCVIEW,
        ),
    )
