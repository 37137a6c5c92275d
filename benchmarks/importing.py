"""Duration of ``civicportal import apply`` into PostgreSQL."""

import csv
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from benchmarks.run.serving import SITE
from benchmarks.run.suite import POSTGRESQL, SEED
from benchmarks.seed import load
from benchmarks.seed.city import City, now
from civicportal.core.site import Site
from civicportal.domain.statistics.repair import wrong_counters
from civicportal.testing.postgres import TemporaryCluster

MAPPING = """
[source]
name = "bench"

[cases]
kind = "reports"
files = ["cases.csv"]
unattended = "list"
columns = { key = "key", code = "code", created = "created", closed = "closed", status = "status", category = "category", \
unit = "unit", mobile = "mobile", name = "name", body = "body", lat = "lat", lon = "lon", answer = "answer" }

[history]
files = ["history.csv"]
columns = { case = "key", date = "date", status = "status", unit = "unit", note = "note" }
"""
CASES = (
    "key",
    "code",
    "created",
    "closed",
    "status",
    "category",
    "unit",
    "mobile",
    "name",
    "body",
    "lat",
    "lon",
    "answer",
)
HISTORY = ("key", "date", "status", "unit", "note")
OPEN = 0.15
"""Of the cases."""
_NEW = re.compile(r"cases: (\d+) new")


def measure(cases: int, progress: Callable[[str], None]) -> str:
    """Import cases with two steps of history each into a portal of their own, and return one line of figures.

    :param cases: number of cases.
    """
    cluster = TemporaryCluster(durable=True, **POSTGRESQL)
    try:
        with tempfile.TemporaryDirectory(prefix="civicportal-bench-") as place:
            environment = {"BENCH_DATABASE_URL": cluster.create_database(), "BENCH_FILES": f"{place}/files"}
            site = Site(SITE, environ=environment)
            load.prepare(site, progress)
            _write(site, Path(place), cases)
            progress("importing")
            new, seconds, memory = _apply(Path(place), environment)
            wrong = len(wrong_counters(site))
            site.engines.dispose()
    finally:
        cluster.stop()
    return (
        f"{new:,} cases with {2 * new:,} steps: {seconds:.0f} s, {new / seconds:,.0f} a second, {memory:.0f} MB;"
        f" {wrong} counters are wrong"
    )


def _write(site: Site, folder: Path, cases: int) -> None:
    """Write the files of an earlier system."""
    folder.joinpath("mapping.toml").write_text(MAPPING, encoding="utf-8")
    city, rng = City(site, Random(SEED), now(), cases), Random(SEED)
    units = {number: key for key, number in city.unit_of.items()}
    with (
        folder.joinpath("cases.csv").open("w", encoding="utf-8", newline="") as first,
        folder.joinpath("history.csv").open("w", encoding="utf-8", newline="") as second,
    ):
        lines, steps = csv.writer(first), csv.writer(second)
        lines.writerow(CASES)
        steps.writerow(HISTORY)
        for number in range(cases):
            line, *history = _case(city, units, rng, number)
            lines.writerow(line)
            steps.writerows(history)


def _case(city: City, units: dict[int, str], rng: Random, number: int) -> Iterator[tuple[object, ...]]:
    """Yield the line of a case, and those of its history."""
    sent = city.moment(number)
    subject = city.subjects[city.subject_skew.draw(rng)]
    point = city.places[city.place_skew.draw(rng)].point
    closed = sent + timedelta(hours=rng.uniform(5, 300))
    is_open = rng.random() < OPEN or closed >= city.until
    unit, citizen = units[subject.unit_id], rng.randrange(city.citizens)
    body, note = " ".join(city.vocabulary.draw(rng)), " ".join(city.vocabulary.draw(rng, 3, 8))
    yield (
        number,
        f"137-{number:07}",
        _text(sent),
        "" if is_open else _text(closed),
        "in_action" if is_open else "reviewed",
        subject.name,
        unit,
        city.mobile(citizen),
        city.person(citizen),
        body,
        point.lat if point else "",
        point.lon if point else "",
        "" if is_open else note,
    )
    between = min(sent + (closed - sent) / 2, city.until)
    yield number, _text(sent), "in_review", unit, ""
    yield number, _text(between), "in_action", unit, note


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _apply(folder: Path, environment: dict[str, str]) -> tuple[int, float, float]:
    """Return the number of cases, seconds, and the most memory in MB."""
    files = [str(folder / name) for name in ("cases.csv", "history.csv")]
    command = [sys.executable, "-m", "civicportal", "--site", str(SITE), "import", "apply", *files]
    command += ["--mapping", str(folder / "mapping.toml"), "--report", str(folder / "report.csv")]
    began = time.monotonic()
    with subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True
    ) as process:
        output = process.stdout.read() if process.stdout else ""
        _pid, _status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    found = _NEW.search(output)
    if found is None:
        raise RuntimeError(output)
    return int(found[1]), seconds, usage.ru_maxrss / 1024
