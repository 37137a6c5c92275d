"""Cost of counting a request for ``/metrics``, and of reading all metrics."""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from benchmarks.run.serving import SITE
from civicportal.app import create_app
from civicportal.core.site import Site
from civicportal.portal.health.requests import RequestMetrics, count_over_processes

ROUNDS = 15
CALLS = 40
COUNTS = 20_000
PAGES = ("/healthz", "/login", "/")
TABLE = {"token": "", "addresses": ["127.0.0.1"]}


def cost(database: str) -> Iterator[str]:
    """Yield the results on a filled database, as CPU time of this process."""
    os.environ["BENCH_DATABASE_URL"] = database
    with count_over_processes(), _application(counted=False) as plain, _application(counted=True) as counted:
        for path in PAGES:
            without, with_counts = _alternately(partial(_ask, plain, path), partial(_ask, counted, path))
            share = 100 * (with_counts - without) / without
            yield f"{path:<10} {without:8.3f} ms, counted {with_counts:8.3f} ms: {share:+.1f} %"
        yield f"counting   {_counting():8.1f} µs a request"
        yield from _reading()


def _reading() -> Iterator[str]:
    # Imported late: the library looks once where processes count.
    from civicportal.portal.health.metrics import MetricsCollector

    site = Site(SITE)
    times = [_cpu(lambda: list(MetricsCollector(site).collect())) for _round in range(ROUNDS)]
    began = time.perf_counter()
    list(MetricsCollector(site).collect())
    taken = 1000 * (time.perf_counter() - began)
    yield f"reading    {statistics.median(times):8.1f} ms of this process, {taken:.1f} ms until they are there"
    site.engines.dispose()


@contextmanager
def _application(*, counted: bool) -> Iterator[Any]:
    site = Site(SITE)
    site.settings = {**site.settings, "metrics": TABLE if counted else None}
    yield create_app(site)
    site.engines.dispose()


def _ask(app: Any, path: str) -> None:
    from pyramid.request import Request

    status = Request.blank(path, base_url="http://localhost:6543").get_response(app).status_int
    if status != 200:
        raise RuntimeError(f"{path}: {status}")


def _cpu(what: Callable[[], object]) -> float:
    before = time.process_time()
    what()
    return 1000 * (time.process_time() - before)


def _alternately(*calls: Callable[[], object]) -> list[float]:
    """Return the median CPU time of each, in milliseconds, measured alternately."""
    times: list[list[float]] = [[] for _call in calls]
    for call in calls:
        call()
    for _round in range(ROUNDS):
        for call, found in zip(calls, times, strict=True):
            found.append(_cpu(partial(_repeat, call)) / CALLS)
    return [statistics.median(found) for found in times]


def _repeat(call: Callable[[], object]) -> None:
    for _time in range(CALLS):
        call()


def _counting() -> float:
    metrics = RequestMetrics()

    def count() -> None:
        for _time in range(COUNTS):
            metrics.answered("home", 200, 0.01)

    count()
    return 1000 * _cpu(count) / COUNTS
