"""Duration of ``civicportal db copy`` from SQLite to PostgreSQL."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.run.serving import SITE
from benchmarks.run.suite import POSTGRESQL, SEED
from benchmarks.seed import load
from benchmarks.seed.city import now
from civicportal.core.site import Site
from civicportal.testing.postgres import TemporaryCluster

_ROWS = re.compile(r"with (\d+) rows are equal")


def measure(cases: int, progress: Callable[[str], None]) -> str:
    """Fill an SQLite database, move it to an empty PostgreSQL database, and return one line of figures.

    :param cases: number of cases.
    """
    with tempfile.TemporaryDirectory(prefix="civicportal-bench-") as place:
        source = f"sqlite:///{place}/portal.db"
        environment = {"BENCH_DATABASE_URL": source, "BENCH_FILES": f"{place}/files"}
        site = Site(SITE, environ=environment)
        load.prepare(site, progress)
        load.load(site, cases=cases, seed=SEED, until=now(), progress=progress)
        site.engines.dispose()
        size = Path(place, "portal.db").stat().st_size / 2**20
        cluster = TemporaryCluster(durable=True, **POSTGRESQL)
        try:
            rows, seconds, cpu = _copy(source, cluster.create_database(), environment)
        finally:
            cluster.stop()
    return (
        f"{cases:,} cases, {rows:,} rows, {size:,.0f} MB: {seconds:.0f} s, of which {cpu:.0f} s of CPU beside those of the"
        " server"
    )


def _copy(source: str, target: str, environment: dict[str, str]) -> tuple[int, float, float]:
    command = [sys.executable, "-m", "civicportal", "--site", str(SITE), "db", "copy", source, target]
    began = time.monotonic()
    with subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True
    ) as process:
        output = process.stdout.read() if process.stdout else ""
        _pid, _status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    found = _ROWS.search(output)
    if found is None:
        raise RuntimeError(output)
    return int(found[1]), seconds, usage.ru_utime + usage.ru_stime
