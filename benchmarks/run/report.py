"""Results of a run as a table, as JSON, and compared with the gates."""

import json
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.run.measure import Result, Run
from benchmarks.run.scenarios import HELLO

GATES = Path(__file__).parents[1] / "gates.toml"
GOAL = "goal_"
"""How names begin of what is wished for, and fails no run."""
SQLITE = "_sqlite"
"""How names end of what SQLite is held against instead."""
THE_RUN = "the run"
"""Table of what is held of a run as a whole."""
AT_LEAST = ("floor", "of_hello")
"""Gates that are the least; others are the most."""
BY_THE_CLOCK = ("p50", "p95", "of_hello", "growth")
NOISY = 25
"""More than this in a hundred between windows of the emptiest request, and times of the clock decide nothing."""
CROWDED = 2
"""More processes than this for each processor want to run, and the same: the run itself is one or two for all of them."""
_HEAD = (
    "| scenario | p50 | p95 | p99 ms | req/s | statements | CPU ms app + db | floor CPU ms | floor % | KB |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def table(run: Run) -> str:
    """Return the run as Markdown."""
    lines = [_HEAD, *(_row(result) for result in run.results)]
    start, end = run.memory["start"], run.memory["end"]
    lines += [
        "",
        f"{run.database}, {run.cases:,} cases; load average {run.load[0]:.1f} before, {run.load[1]:.1f} after; "
        f"spread of hello {run.spread:.0f} %{' (noisy)' if is_noisy(run) else ''}.",
        f"Memory: largest process {start[0]:.0f} MB at the start, {end[0]:.0f} MB in the end; "
        f"all processes {start[1]:.0f} MB, then {end[1]:.0f} MB (PSS).",
    ]
    problems = [f"- {result.name}: {problem}" for result in run.results for problem in result.problems]
    short = [f"- {line}" for line in shortfalls(run)]
    lines += ["", "Short of the goals:", *short] if short else []
    return "\n".join([*lines, *(["", "Problems:", *problems] if problems else [])])


def is_noisy(run: Run) -> bool:
    """Return whether the machine was under other load: then latencies fail no run."""
    return run.spread > NOISY or max(run.load) > CROWDED * (os.cpu_count() or 1)


def share(result: Result) -> float | None:
    """Return the floor's CPU as a percentage of the portal's, if there is a floor."""
    if result.floor is None or not result.portal.cpu_ms:
        return None
    return 100 * result.floor.cpu_ms / result.portal.cpu_ms


def failures(run: Run, gates: Mapping[str, Mapping[str, float]] | None = None) -> list[str]:
    """Return the exceeded gates.

    :param gates: those of ``gates.toml`` if None.
    """
    found = [f"{result.name}: {problem}" for result in run.results for problem in result.problems]
    return [*found, *_held(run, "", _gates() if gates is None else gates)]


def shortfalls(run: Run, gates: Mapping[str, Mapping[str, float]] | None = None) -> list[str]:
    """Return the goals of the design that are not reached."""
    return list(_held(run, GOAL, _gates() if gates is None else gates))


def _gates() -> dict[str, dict[str, float]]:
    return tomllib.loads(GATES.read_text(encoding="utf-8"))


def _held(run: Run, prefix: str, gates: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    for title, values in _measured(run):
        for name, limit in _of_database(gates.get(title, {}), run.database).items():
            if name.startswith(GOAL) == bool(prefix):
                known = name.removeprefix(prefix)
                yield from _failed(title, known, values(known), limit, run, prefix)


def _measured(run: Run) -> Iterator[tuple[str, Callable[[str], float | None]]]:
    """Yield the values compared with gates, each with a function from names to values."""
    for result in run.results:
        yield result.name, partial(_value, result, run)
    yield THE_RUN, {"memory_end": run.memory["end"][0]}.__getitem__


def _of_database(gates: Mapping[str, float], database: str) -> Mapping[str, float]:
    """Return the gates of a scenario: ``statements_sqlite`` replaces ``statements`` on SQLite."""
    usual = {name: limit for name, limit in gates.items() if not name.endswith(SQLITE)}
    own = {name.removesuffix(SQLITE): limit for name, limit in gates.items() if name.endswith(SQLITE)}
    return {**usual, **own} if database == "sqlite" else usual


def write(run: Run, folder: Path) -> None:
    """Write table, figures and failures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.md").write_text(table(run) + "\n", encoding="utf-8")
    (folder / "results.json").write_text(
        json.dumps(run.plain(), ensure_ascii=False, indent=1), encoding="utf-8"
    )
    (folder / "gates.json").write_text(
        json.dumps(failures(run), ensure_ascii=False, indent=1), encoding="utf-8"
    )


def _row(result: Result) -> str:
    ours, floor, part = result.portal, result.floor, share(result)
    statements = "–" if ours.statements is None else f"{ours.statements:g}"
    cells: list[Any] = [
        result.name,
        *(f"{value:.1f}" for value in (ours.p50, ours.p95, ours.p99)),
        f"{ours.rate:.0f}",
        statements,
        f"{ours.app_ms:.1f} + {ours.database_ms:.1f}",
        f"{floor.cpu_ms:.2f}" if floor else "–",
        f"{part:.0f}" if part is not None else "–",
        f"{ours.bytes / 1024:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _failed(title: str, name: str, value: float | None, limit: float, run: Run, prefix: str) -> Iterator[str]:
    if value is None or (name in BY_THE_CLOCK and not prefix and is_noisy(run)):
        return
    if value < limit if name in AT_LEAST else value > limit:
        yield f"{title}: {name} is {value:.1f}, the {'goal' if prefix else 'gate'} is {limit:g}"


def _value(result: Result, run: Run, name: str) -> float | None:
    if name == "floor":
        return share(result)
    if name == "of_hello":
        return _of_hello(result, run)
    value: float | None = getattr(result if name == "growth" else result.portal, name)
    return value


def _of_hello(result: Result, run: Run) -> float | None:
    """Return responses per second as a percentage of the empty request's, if the run has it."""
    hello = next((one.portal.rate for one in run.results if one.name == HELLO), 0.0)
    return 100 * result.portal.rate / hello if hello else None
