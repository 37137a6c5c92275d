"""Memory growth of processes while all pages are requested repeatedly."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

from benchmarks.run.cast import Cast
from benchmarks.run.client import Client, Request
from benchmarks.run.scenarios import scenarios
from benchmarks.run.serving import portal
from civicportal.core.site import Site

LOOKS = 10
"""Times at which it is looked."""
LONGEST = 3600.0
"""Seconds between two looks at most."""


def grow(
    site: Site,
    database: str,
    folder: Path,
    requests: int,
    options: tuple[str, ...],
    progress: Callable[[str], None],
) -> str:
    """Return a table: requests so far, the largest process, all together.

    :param options: of ``civicportal serve``.
    """
    pages = [one.make for one in scenarios(Cast(site)) if one.expected == 200]
    numbers = count()

    def following(_n: int) -> Request:
        number = next(numbers)
        return pages[number % len(pages)](number // len(pages))

    lines = ["| requests | largest MB | all MB (PSS) |", "|--:|--:|--:|"]
    sizes: list[float] = []
    with portal(database, folder / "memory.log", *options) as server:
        lines.append(_row(0, server.memory_mb))
        client = Client(server.port, site.cookie_name)
        for look in range(1, LOOKS + 1):
            measured = client.measure(following, 200, seconds=LONGEST, most=requests // LOOKS)
            if measured.errors:
                raise RuntimeError(measured.errors[0])
            sizes.append(server.memory_mb[0])
            lines.append(_row(look * requests // LOOKS, server.memory_mb))
            progress(lines[-1])
    growth = 100 * (sizes[-1] / sizes[0] - 1)
    return "\n".join([*lines, "", f"Growth after the first {requests // LOOKS:,} requests: {growth:+.0f} %."])


def _row(requests: int, memory: tuple[float, float]) -> str:
    return f"| {requests:,} | {memory[0]:.0f} | {memory[1]:.0f} |"
