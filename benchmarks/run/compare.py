"""Two runs side by side: ``results.json`` of two commits, Pythons or machines."""

from collections.abc import Mapping
from math import inf, log
from typing import Any

_HEAD = (
    "| scenario | CPU ms before | after | ratio | application | database | of the floors | statements | |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|---|"
)
NOISE = 0.05
"""Relative difference between two windows of the same code on a quiet machine."""


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return a table of the scenarios of both runs, as Markdown.

    A ratio that differs from 1 no more than the floors' CPU between the runs is marked with "≈": the floors' code is
    the same, so their difference is that of the machine.

    :param before: a run as :meth:`benchmarks.run.figures.Run.plain` returns it.
    :param after: another one.
    """
    earlier = {result["name"]: result for result in before["results"]}
    shared = [(earlier[result["name"]], result) for result in after["results"] if result["name"] in earlier]
    hello = _ratio(before["hello"].get("floor"), after["hello"].get("floor"))
    lines = [_HEAD, *(_row(old, new, hello) for old, new in shared), ""]
    if hello is not None:
        lines.append(
            f"The floor's hello took {hello:.2f} times the CPU; ≈ marks what differs no more than the floors."
        )
    names = dict.fromkeys([*before["machine"], *after["machine"], "database", "cases"])
    for name in names:
        values = [run["machine"].get(name, run.get(name, "–")) for run in (before, after)]
        lines.append(f"{name}: {values[0]}{'' if values[0] == values[1] else f' → {values[1]}'}  ")
    loads = ["{:.1f}–{:.1f}".format(*sorted(run["load"])) for run in (before, after)]
    lines.append(f"load average: {loads[0]} → {loads[1]}")
    return "\n".join(lines)


def _row(old: Mapping[str, Any], new: Mapping[str, Any], hello: float | None) -> str:
    parts = [(run["portal"]["app_ms"], run["portal"]["database_ms"]) for run in (old, new)]
    ratio, app, database = (
        _ratio(*values)
        for values in (map(sum, parts), (parts[0][0], parts[1][0]), (parts[0][1], parts[1][1]))
    )
    floors = [value for name in ("floor", "plain") if (value := _ratio(_cpu(old, name), _cpu(new, name)))]
    floor = sum(floors) / len(floors) if floors else hello
    noise = max(abs(log(value)) for value in (1 + NOISE, floor or 1, hello or 1))
    counts = [run["portal"]["statements"] for run in (old, new)]
    cells = [
        new["name"],
        *(f"{sum(part):.2f}" for part in parts),
        *(_text(value) for value in (ratio, app, database, floor)),
        " → ".join("–" if count is None else f"{count:g}" for count in dict.fromkeys(counts)),
        "≈" if ratio is None or abs(log(ratio or inf)) <= noise else "",
    ]
    return f"| {' | '.join(cells)} |"


def _cpu(result: Mapping[str, Any], name: str) -> float | None:
    part = result[name]
    return None if part is None else float(part["app_ms"] + part["database_ms"])


def _ratio(old: float | None, new: float | None) -> float | None:
    return new / old if old and new is not None else None


def _text(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
