"""Duration of ``civicportal import apply`` into PostgreSQL, and of the same import on the page."""

import csv
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from benchmarks import process
from benchmarks.run import report
from benchmarks.run.serving import SITE
from benchmarks.run.suite import POSTGRESQL, SEED
from benchmarks.seed import load
from benchmarks.seed.city import City, now
from civicportal.core.security import Identity
from civicportal.core.site import Site
from civicportal.core.storage import new_key
from civicportal.domain.accounts.identity import identity_of
from civicportal.domain.accounts.models import User
from civicportal.domain.statistics.repair import wrong_counters
from civicportal.portal.importing.models import ImportTask
from civicportal.portal.importing.tasks import ImportTaskService
from civicportal.testing import make_staff
from civicportal.testing.postgres import TemporaryCluster
from civicportal.web.request_checks import UPLOAD_BYTES

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
PAGE = "import on the page"
"""Its gates in ``gates.toml``."""
WORKER = """
import sys
from pathlib import Path
from civicportal.core.site import Site
from civicportal.portal.importing.working import JOBS

JOBS[0].run(Site(Path(sys.argv[1])))
"""
"""What the worker runs."""


def measure(cases: int, progress: Callable[[str], None]) -> str:
    """Import cases with two steps of history each into a portal of their own, and return one line of figures.

    :param cases: number of cases.
    """
    with _portal(cases, progress) as (site, folder, environment):
        progress("importing")
        files = [str(folder / name) for name in ("cases.csv", "history.csv")]
        command = ["-m", "civicportal", "--site", str(SITE), "import", "apply", *files]
        command += ["--mapping", str(folder / "mapping.toml"), "--report", str(folder / "report.csv")]
        used = process.run(command, environment)
        found = _NEW.search(used.output)
        if found is None:
            raise RuntimeError(used.output)
        new, wrong = int(found[1]), len(wrong_counters(site))
    return (
        f"{new:,} cases with {2 * new:,} steps: {used.seconds:.0f} s, {new / used.seconds:,.0f} a second,"
        f" {used.memory:.0f} MB; {wrong} counters are wrong"
    )


def measure_page(cases: int, progress: Callable[[str], None]) -> Iterator[tuple[str, list[str]]]:
    """Import the same on the page, each step by a worker of its own; yield lines of figures with exceeded gates."""
    with _portal(cases, progress) as (site, folder, environment):
        names = ("cases.csv", "history.csv")
        archive, plain = folder / "old.zip", sum((folder / name).stat().st_size for name in names)
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for name in names:
                packed.write(folder / name, name)
        size = archive.stat().st_size
        is_large = (
            [f"the archive has {size:,} bytes, an upload {UPLOAD_BYTES:,}"] if size > UPLOAD_BYTES else []
        )
        yield f"files: {plain / 1e6:.1f} MB, as an archive {size / 1e6:.1f} MB", is_large
        key = new_key()
        with archive.open("rb") as file:
            site.storage.put(key, file)
        with site.work() as work:
            boss = make_staff(work, "administrator").id
        actor = _identity(site, boss)
        with site.work(actor=actor) as work:
            mapping = folder.joinpath("mapping.toml").read_text(encoding="utf-8")
            task = work.get(ImportTaskService).add([(archive.name, key, size)], "reports", mapping).key
        for step in ("read", "check", "apply", "undo"):
            progress(step)
            with site.work(actor=actor) as work:
                service = work.get(ImportTaskService)
                if step == "check":
                    service.order_check(service.fetch(task))
                elif step == "apply":
                    service.order_apply(service.fetch(task))
                elif step == "undo":
                    task = service.order_undo(service.fetch(task).batch_id or 0).key
            used = process.run(["-c", WORKER, str(SITE)], environment)
            with site.work(write=False) as work:
                done: ImportTask = work.get(ImportTaskService).fetch(task)
            if done.state != "done":
                raise RuntimeError(f"{step}: {done.state} {done.error}")
            wrong = len(wrong_counters(site)) if step in ("apply", "undo") else 0
            counts = ", ".join(f"{name} {dict(found)}" for name, found in done.counts.items())
            yield (
                f"{step}: {used.seconds:.0f} s, {cases / used.seconds:,.0f} cases a second, {used.memory:.0f} MB;"
                f" {wrong} counters are wrong; {counts}",
                report.exceeded(PAGE, used.memory, "memory_end") + [f"{step}: wrong counters"] * bool(wrong),
            )


def _identity(site: Site, user_id: int) -> Identity:
    with site.work(write=False) as work:
        return identity_of(work, work.session.get_one(User, user_id), "staff")


@contextmanager
def _portal(cases: int, progress: Callable[[str], None]) -> Iterator[tuple[Site, Path, Mapping[str, str]]]:
    """Yield a portal with a database of its own, and a folder with the files of an earlier system."""
    cluster = TemporaryCluster(durable=True, **POSTGRESQL)
    try:
        with tempfile.TemporaryDirectory(prefix="civicportal-bench-") as place:
            environment = {"BENCH_DATABASE_URL": cluster.create_database(), "BENCH_FILES": f"{place}/files"}
            site = Site(SITE, environ=environment)
            load.prepare(site, progress)
            _write(site, Path(place), cases)
            yield site, Path(place), environment
            site.engines.dispose()
    finally:
        cluster.stop()


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
