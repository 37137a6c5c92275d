"""The portal on several WSGI servers: with ordinary clients, and while slow ones hold connections."""

import sys
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from benchmarks.run.cast import Cast
from benchmarks.run.client import Client, Request
from benchmarks.run.serving import SITE, Server
from benchmarks.run.slow import slow_clients
from civicportal.core.site import Site

PYTHON = sys.executable
APP = "benchmarks.wsgi:app"
SERVERS: dict[str, list[str]] = {
    "waitress, 1 process × 8 threads": [
        *(PYTHON, "-m", "civicportal", "--site", str(SITE), "serve", "--no-worker", "--processes", "1"),
        *("--port", "{port}"),
    ],
    "waitress, 2 processes × 8 threads": [
        *(PYTHON, "-m", "civicportal", "--site", str(SITE), "serve", "--no-worker", "--processes", "2"),
        *("--port", "{port}"),
    ],
    "gunicorn sync, 2 processes": [PYTHON, "-m", "gunicorn", "--preload", "-w2", "-b127.0.0.1:{port}", APP],
    "gunicorn gthread, 2 processes × 8 threads": [
        *(
            PYTHON,
            "-m",
            "gunicorn",
            "--preload",
            "-w2",
            "-kgthread",
            "--threads=8",
            "-b127.0.0.1:{port}",
            APP,
        ),
    ],
    "granian, 2 processes × 8 threads": [
        *(PYTHON, "-m", "granian", "--interface=wsgi", "--workers=2", "--blocking-threads=8"),
        *("--backpressure=256", "--host=127.0.0.1", "--port={port}", APP),
    ],
}


def compare(
    site: Site, database: str, folder: Path, *, seconds: float, rounds: int, progress: Callable[[str], None]
) -> str:
    """Return a table of the servers, measured in alternating rounds."""
    cast = Cast(site)
    found: dict[str, list[list[float]]] = {}
    for _turn in range(rounds):
        for name, command in SERVERS.items():
            figures = _measure(site, command, database, folder, cast, seconds)
            found.setdefault(name, []).append(figures)
            progress(f"{name}: {[round(figure, 1) for figure in figures]}")
    lines = [
        "| server | hello req/s | form req/s | form p95 ms | 16 clients p95 ms | with 80 slow clients: form p95 ms | answered | "
        "MB (PSS) |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    return "\n".join([*lines, *(_row(name, rows) for name, rows in found.items())])


def _measure(
    site: Site, command: Sequence[str], database: str, folder: Path, cast: Cast, seconds: float
) -> list[float]:
    server = Server(command, database, folder / "server.log")
    try:
        server.wait()
        two, many = (Client(server.port, site.cookie_name, number) for number in (2, 16))
        people, numbers = list(cast.citizens.values()), count()

        def form(_n: int) -> Request:
            return Request("/reports/new", people[next(numbers) % len(people)].token)

        two.measure(form, 200, seconds=seconds, most=30)
        hello = two.measure(lambda _n: Request("/healthz"), 200, seconds=seconds / 2)
        usual = two.measure(form, 200, seconds=seconds)
        crowd = many.measure(form, 200, seconds=seconds)
        with slow_clients(server.port, 40, 40):
            slow = two.measure(form, 200, seconds=seconds)
        answered = 100 * len(slow.latencies) / max(len(slow.latencies) + len(slow.errors), 1)
        return [
            *(hello.rate, usual.rate, usual.percentile(95), crowd.percentile(95)),
            *(slow.percentile(95), answered, server.memory_mb[1]),
        ]
    finally:
        server.stop()


def _row(name: str, rows: list[list[float]]) -> str:
    middle = [sorted(column)[len(column) // 2] for column in zip(*rows, strict=True)]
    texts = [f"{value:.0f}" for value in middle]
    texts[5] += " %"
    return f"| {name} | {' | '.join(texts)} |"
