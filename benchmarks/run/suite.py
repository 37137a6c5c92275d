"""The whole benchmark: create, fill, measure and drop databases."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from benchmarks import webhooks
from benchmarks.run import report
from benchmarks.run.base import Base, worktree
from benchmarks.run.figures import Run
from benchmarks.run.measure import Bench
from benchmarks.run.serving import SITE
from benchmarks.seed import load
from civicportal.core.site import Site
from civicportal.portal.doctor.machine import SQLITE_CASES
from civicportal.testing.postgres import PostgresMissing, TemporaryCluster

SEED = 1405
#: What PostgreSQL keeps promises with, as in production; without JIT, which costs more than it saves on short statements.
POSTGRESQL = {
    "autovacuum": "on",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
}
Progress = Callable[[str], None]


def run_all(
    kinds: Sequence[str],
    sizes: Sequence[int],
    until: datetime,
    out: Path,
    *,
    seconds: float,
    rounds: int,
    small: bool,
    against: str = "",
    progress: Progress,
) -> list[Run]:
    """Measure every size on every database; on SQLite up to the supported number of cases.

    :param kinds: "sqlite", "postgresql"; one that is not installed is left out.
    :param until: the present of the invented cities.
    :param against: a commit, measured in the same rounds.
    """
    runs = []
    for kind in kinds:
        try:
            with (
                tempfile.TemporaryDirectory(prefix="civicportal-bench-") as place,
                _databases(kind, Path(place)) as new,
            ):
                mine: list[Run] = []
                for size in _supported(kind, sizes):
                    with _base(against, new, out, progress) as base:
                        folder = out / f"{kind}-{size}"
                        mine.append(_run(new(), size, until, folder, seconds, rounds, small, base, progress))
                    grow(mine)
                    report.write(mine[-1], folder)
                runs += mine
        except PostgresMissing as error:
            progress(f"{kind} is left out: {error}")
    return runs


def run_programs(
    size: int, until: datetime, out: Path, *, seconds: float, rounds: int, events: int, progress: Progress
) -> tuple[Run, list[str], list[str]]:
    """Measure what programs call, and deliveries; return the run, further lines, and the gates they exceed."""
    with (
        tempfile.TemporaryDirectory(prefix="civicportal-bench-") as place,
        _databases("postgresql", Path(place)) as new,
    ):
        database, folder = new(), out / f"programs-{size}"
        run = _run(database, size, until, folder, seconds, rounds, False, None, progress, programs=True)
        report.write(run, folder)
        os.environ["BENCH_DATABASE_URL"] = database
        lines, failed = list[str](), list[str]()
        for line, exceeded in webhooks.cost(database, events):
            progress(line)
            lines.append(line)
            failed += exceeded
    return run, lines, failed


def _supported(kind: str, sizes: Sequence[int]) -> list[int]:
    """Return the sizes in order; one beyond SQLite's limit is replaced by the limit."""
    most = SQLITE_CASES if kind == "sqlite" else max(sizes)
    return sorted({min(size, most) for size in sizes})


def _run(
    database: str,
    size: int,
    until: datetime,
    out: Path,
    seconds: float,
    rounds: int,
    small: bool,
    base: Base | None,
    progress: Progress,
    programs: bool = False,
) -> Run:
    site = Site(SITE, environ={"BENCH_DATABASE_URL": database, "BENCH_FILES": str(out / "files")})
    try:
        load.prepare(site, progress)
        load.load(site, cases=size, seed=SEED, until=until, progress=progress)
        load.write_manifest(out / "manifest.json", load.manifest(site, cases=size, seed=SEED, until=until))
        if base is not None:
            progress(f"filling the database of {base.commit}")
            base.fill(size, SEED, until)
        bench = Bench(site, database, out, seconds=seconds, rounds=rounds, progress=progress, base=base)
        return bench.run(small=small, programs=programs)
    finally:
        site.engines.dispose()


@contextmanager
def _base(commit: str, new: Callable[[], str], out: Path, progress: Progress) -> Iterator[Base | None]:
    """Yield the portal of a commit with a new database, None without a commit."""
    if not commit:
        yield None
        return
    with worktree(commit, progress) as root:
        yield Base(root, new(), out.absolute())


@contextmanager
def _databases(kind: str, folder: Path) -> Iterator[Callable[[], str]]:
    """Yield a function that returns the address of a new database."""
    if kind == "sqlite":
        yield lambda: f"sqlite:///{Path(tempfile.mkdtemp(dir=folder)) / 'bench.db'}"
        return
    cluster = TemporaryCluster(durable=True, **POSTGRESQL)
    try:
        yield cluster.create_database
    finally:
        cluster.stop()


def grow(runs: Sequence[Run]) -> None:
    """Record in the last of several runs on one database how the CPU of its pages has grown since the first."""
    first, last = runs[0], runs[-1]
    if first is last:
        return
    before = {result.name: result.portal.cpu_ms for result in first.results}
    for result in last.results:
        if cpu := before.get(result.name):
            result.growth = result.portal.cpu_ms / cpu


def growth(runs: Sequence[Run]) -> str:
    """Return the growth of the pages' CPU from the smallest to the largest size, as Markdown; empty with one size."""
    kinds = dict.fromkeys(run.database for run in runs)
    parts = []
    for kind in kinds:
        mine = sorted((run for run in runs if run.database == kind), key=lambda run: run.cases)
        if len(mine) > 1:
            parts.append(_growth(kind, mine))
    return "\n\n".join(parts)


def _growth(kind: str, runs: Sequence[Run]) -> str:
    head = " | ".join(f"{run.cases:,}" for run in runs)
    lines = [f"| CPU ms, {kind} | {head} | growth |", f"|---|{'--:|' * (len(runs) + 1)}"]
    for index, result in enumerate(runs[0].results):
        values = [run.results[index].portal.cpu_ms for run in runs]
        times = values[-1] / values[0] if values[0] else 0.0
        lines.append(f"| {result.name} | {' | '.join(f'{value:.1f}' for value in values)} | {times:.1f} × |")
    return "\n".join(lines)
