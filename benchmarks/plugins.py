"""Overhead of plugins that a request does not concern: a report is sent to a portal with one plugin, and with all."""

import re
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from statistics import median

from benchmarks.run.cast import Cast
from benchmarks.run.client import Client, Request
from benchmarks.run.scenarios import submit
from benchmarks.run.serving import SITE, Server, portal
from civicportal.core.site import Site

ALONE = ("reports",)


def compare(
    site: Site, database: str, folder: Path, *, seconds: float, rounds: int, progress: Callable[[str], None]
) -> str:
    """Return a table of CPU time and median latency of one response, measured alternately."""
    cast, numbers = Cast(site), count()

    def following(_n: int) -> Request:
        return submit(cast, next(numbers))

    def window(server: Server) -> tuple[float, float]:
        client = Client(server.port, site.cookie_name)
        client.measure(following, 303, seconds=seconds, most=12)
        before = server.cpu_ms
        measured = client.measure(following, 303, seconds=seconds)
        if measured.errors:
            raise RuntimeError(measured.errors[0])
        return (server.cpu_ms - before) / len(measured.latencies), measured.percentile(50)

    with ExitStack() as stack:
        alone = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "site.toml"
        alone.write_text(_with(ALONE), encoding="utf-8")
        few, all_ = (
            stack.enter_context(portal(database, folder / f"{name}.log", site=path))
            for name, path in (("alone", alone), ("whole", SITE))
        )
        found: list[tuple[tuple[float, float], tuple[float, float]]] = []
        for _turn in range(rounds):
            found.append((window(few), window(all_)))
            progress(f"CPU {found[-1][0][0]:.2f} and {found[-1][1][0]:.2f} ms")
    return _table(len(site.plugins), found)


def _with(plugins: tuple[str, ...]) -> str:
    """Return the benchmark's site with other plugins, for a file that lies elsewhere."""
    names = ", ".join(f'"{name}"' for name in plugins)
    text = SITE.read_text(encoding="utf-8").replace('"../', f'"{SITE.parents[1]}/')
    return re.sub(r"^plugins = .*$", f"plugins = [{names}]", text, flags=re.MULTILINE)


def _table(number: int, found: list[tuple[tuple[float, float], tuple[float, float]]]) -> str:
    lines = ["| plugins | CPU ms | p50 ms |", "|---|--:|--:|"]
    rows = [[median(pair[side][what] for pair in found) for what in (0, 1)] for side in (0, 1)]
    for name, row in zip((len(ALONE), number), rows, strict=True):
        lines.append(f"| {name} | {row[0]:.2f} | {row[1]:.1f} |")
    tax = median(pair[1][0] / pair[0][0] for pair in found)
    return "\n".join(
        [*lines, "", f"CPU of a report with {number - len(ALONE)} more plugins: {100 * (tax - 1):+.0f} %."]
    )
