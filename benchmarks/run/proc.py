"""CPU time and memory of processes, read from ``/proc``; 0 on other systems."""

import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Stat:
    """One process.

    :ivar own_ms: CPU time of itself, in user and system mode.
    :ivar ended_ms: CPU time of its children that have ended.
    """

    parent: int
    own_ms: float
    ended_ms: float


def _stat(pid: int) -> Stat | None:
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    fields = text[text.rindex(")") + 2 :].split()
    times = [int(value) * TICK_MS for value in fields[11:15]]
    return Stat(parent=int(fields[1]), own_ms=times[0] + times[1], ended_ms=times[2] + times[3])


def family(pid: int) -> dict[int, Stat]:
    """Return a process and its descendants."""
    everyone = {}
    for folder in PROC.glob("[0-9]*") if PROC.is_dir() else ():
        if found := _stat(int(folder.name)):
            everyone[int(folder.name)] = found
    wanted = {pid} & everyone.keys()
    while more := {child for child, stat in everyone.items() if stat.parent in wanted} - wanted:
        wanted |= more
    return {member: everyone[member] for member in wanted}


def cpu_ms(pid: int) -> float:
    """Return the CPU time in milliseconds of a process and its descendants."""
    return sum(stat.own_ms + stat.ended_ms for stat in family(pid).values())


def memory_mb(pid: int) -> tuple[float, float]:
    """Return the largest resident set of one process, and the proportional set of all, in MB."""
    largest, together = 0.0, 0.0
    for member in family(pid):
        try:
            lines = (PROC / str(member) / "smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        sizes = {line.split(":")[0]: line.split() for line in lines[1:]}
        largest = max(largest, int(sizes["Rss"][1]) / 1024)
        together += int(sizes["Pss"][1]) / 1024
    return largest, together


def parent_of(pid: int) -> int:
    """Return the parent of a process, 0 if unknown."""
    found = _stat(pid)
    return found.parent if found else 0


def load_average() -> float:
    """Return the load average of the last minute."""
    return os.getloadavg()[0]
