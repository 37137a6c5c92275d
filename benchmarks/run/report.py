"""Results of a run as a table, as JSON, and compared with the gates."""

import json
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from benchmarks.run.figures import Figures, Result, Run

GATES = Path(__file__).parents[1] / "gates.toml"
GOAL = "goal_"
"""How names begin of what is wished for, and fails no run."""
SQLITE = "_sqlite"
"""How names end of what SQLite is held against instead."""
THE_RUN, EVERY_PAGE = "the run", "every page"
"""Tables of what is held of a run as a whole, and of each of its scenarios."""
AT_LEAST = ("floor", "of_hello")
"""Gates that are the least; others are the most."""
BY_THE_CLOCK = ("waits", "growth", "of_page")
"""Ratios of times, or of windows far apart: on a noisy machine they decide nothing."""
NOISY = 25
"""Percentage between windows of the emptiest request beyond which a machine is noisy."""
CROWDED = 2
"""Load average for each processor beyond which it is noisy: the run itself is one or two for all of them."""
MEANINGS = {
    "statements": "SQL statements",
    "floor": "CPU of the floor, % of ours",
    "plain": "CPU, times that of the plain floor",
    "base": "CPU, times that of the other commit",
    "of_hello": "CPU of our hello, % of ours",
    "hellos": "CPU, times that of the floor's hello",
    "growth": "CPU, times that of the smallest size",
    "of_page": "CPU, times that of its page",
    "beyond_page": "SQL statements more than its page",
    "waits": "p50, times its CPU",
    "memory_end": "memory, MB",
}
_HEAD = (
    "| scenario | statements | CPU ms app + db | plain: statements | CPU ms | × plain | floor: CPU ms | floor % | "
    "p50 | p95 | p99 ms | req/s | load | KB |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def table(run: Run) -> str:
    """Return the run as Markdown."""
    lines = [_HEAD, *(_row(result) for result in run.results)]
    start, end = run.memory["start"], run.memory["end"]
    lines += [
        "",
        f"{run.database}, {run.cases:,} cases; load average {run.load[0]:.1f} before, {run.load[1]:.1f} after; "
        f"spread of hello {run.spread:.0f} %{' (noisy)' if is_noisy(run) else ''}.",
        *(f"{name}: {value}  " for name, value in run.machine.items()),
        f"Memory: largest process {start[0]:.0f} MB at the start, {end[0]:.0f} MB in the end; "
        f"all processes {start[1]:.0f} MB, then {end[1]:.0f} MB (PSS).",
    ]
    problems = [f"- {result.name}: {problem}" for result in run.results for problem in result.problems]
    goals = targets(run)
    lines += ["", "Goals:", "", goals] if goals else []
    return "\n".join([*lines, *(["", "Problems:", *problems] if problems else [])])


def targets(run: Run, gates: Mapping[str, Mapping[str, float]] | None = None) -> str:
    """Return the goals with the values reached, as Markdown, empty if there are none."""
    rows = [
        f"| {title} | {MEANINGS[name]} | {value:.2f} | {'≥' if name in AT_LEAST else '≤'} {limit:g} | "
        f"{'no' if _misses(name, value, limit) else 'yes'} |"
        for title, name, value, limit in _compared(run, GOAL, _gates() if gates is None else gates)
    ]
    return (
        "\n".join(["| scenario | | reached | goal | met |", "|---|---|--:|--:|---|", *rows]) if rows else ""
    )


def pages(run: Run) -> str:
    """Return what programs call beside the pages that show the same, as Markdown."""
    lines = [
        "| call | CPU ms | its page | CPU ms | times | statements | of the page |",
        "|---|--:|---|--:|--:|--:|--:|",
    ]
    by_name = {result.name: result.portal for result in run.results}
    for result in run.results:
        if page := by_name.get(result.page):
            ours = result.portal
            lines.append(
                f"| {result.name} | {ours.cpu_ms:.1f} | {result.page} | {page.cpu_ms:.1f} | "
                f"{_number(_times(ours, page), 2)} | {_count(ours)} | {_count(page)} |"
            )
    return "\n".join(lines)


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


def exceeded(title: str, value: float, name: str = "hellos") -> list[str]:
    """Return the gate that something measured apart exceeds, if any.

    :param value: for "hellos" its CPU, as a multiple of that of the floor's "hello".
    """
    limit = _gates()[title][name]
    return [f"{title}: {name} is {value:.1f}, the gate is {limit:g}"] if value > limit else []


def _gates() -> dict[str, dict[str, float]]:
    return tomllib.loads(GATES.read_text(encoding="utf-8"))


def _held(run: Run, prefix: str, gates: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    for title, name, value, limit in _compared(run, prefix, gates):
        is_decided = bool(prefix) or name not in BY_THE_CLOCK or not is_noisy(run)
        if is_decided and _misses(name, value, limit):
            yield f"{title}: {name} is {value:.1f}, the {'goal' if prefix else 'gate'} is {limit:g}"


def _compared(
    run: Run, prefix: str, gates: Mapping[str, Mapping[str, float]]
) -> Iterator[tuple[str, str, float, float]]:
    """Yield scenario, name of a value, the value and its limit."""
    for title, values in _measured(run):
        own = (
            {**gates.get(EVERY_PAGE, {}), **gates.get(title, {})}
            if title != THE_RUN
            else gates.get(title, {})
        )
        for name, limit in _of_database(own, run.database).items():
            known = name.removeprefix(GOAL)
            if name.startswith(GOAL) == bool(prefix) and (value := values(known)) is not None:
                yield title, known, value, limit


def _misses(name: str, value: float, limit: float) -> bool:
    return value < limit if name in AT_LEAST else value > limit


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
    ours, floor, plain = result.portal, result.floor, result.plain
    cells = [
        result.name,
        _count(ours),
        _cpu(ours),
        _count(plain),
        _cpu(plain),
        _number(_times(ours, plain), 1),
        f"{floor.cpu_ms:.2f}" if floor else "–",
        _number(share(result), 0),
        *(f"{value:.1f}" for value in (ours.p50, ours.p95, ours.p99)),
        f"{ours.rate:.0f}",
        f"{ours.load:.1f}",
        f"{ours.bytes / 1024:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _count(part: Figures | None) -> str:
    return "–" if part is None or part.statements is None else f"{part.statements:g}"


def _cpu(part: Figures | None) -> str:
    return "–" if part is None else f"{part.app_ms:.1f} + {part.database_ms:.1f}"


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _times(ours: Figures, other: Figures | None) -> float | None:
    return ours.cpu_ms / other.cpu_ms if other and other.cpu_ms else None


def _value(result: Result, run: Run, name: str) -> float | None:
    """Return one value that has a gate, None if it was not measured."""
    ours = result.portal
    page = next((one.portal for one in run.results if one.name == result.page), None)
    hello = run.hello.get("floor" if name == "hellos" else "portal")
    values: dict[str, float | None] = {
        "statements": ours.statements,
        "floor": share(result),
        "plain": _times(ours, result.plain),
        "base": _times(ours, result.base),
        "of_hello": 100 * hello / ours.cpu_ms if hello and ours.cpu_ms else None,
        "hellos": ours.cpu_ms / hello if hello else None,
        "growth": result.growth,
        "of_page": _times(ours, page),
        "beyond_page": (
            ours.statements - page.statements
            if page and ours.statements is not None and page.statements is not None
            else None
        ),
        "waits": ours.p50 / ours.cpu_ms if ours.cpu_ms else None,
    }
    return values[name]
