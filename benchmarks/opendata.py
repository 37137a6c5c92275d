"""The nightly build of open data: its first run on a filled database, and one that changes nothing."""

from collections.abc import Iterator

from sqlalchemy import select

from benchmarks import process
from benchmarks.run import report
from benchmarks.run.serving import SITE
from benchmarks.webhooks import hello_of_floor
from civicportal.core.site import Site
from civicportal.portal.opendata.models import DataBuild

BUILD = "open data"
"""Its gates in ``gates.toml``."""
CODE = """
import sys
import time
from pathlib import Path

import pyarrow.parquet
from civicportal.core.site import Site
from civicportal.portal.opendata.jobs import run_now

site = Site(Path(sys.argv[1]))
site.settings["open_data"]["enabled"] = True
began = time.process_time()
assert run_now(site, lambda _name, _rows: None)
print(time.process_time() - began)
"""
"""One build, without the start of its process; prints its CPU in seconds."""


def cost(database: str) -> Iterator[tuple[str, list[str]]]:
    """Yield what was measured, one line for each build, with the gates that it exceeds."""
    hello = hello_of_floor(database)
    site = Site(SITE)
    for title in ("first build", "the same again"):
        used = process.run(["-c", CODE, str(SITE)], {"BENCH_DATABASE_URL": database})
        with site.work(write=False) as work:
            last = work.session.scalars(select(DataBuild).order_by(DataBuild.id.desc()).limit(1)).one()
        if last.error or not last.rows:
            raise RuntimeError(last.error or "the build has no rows")
        hellos = float(used.output) * 1000 / hello / (last.rows / 1000)
        told = f"{title}: {last.rows:,} rows, {last.size / 1e6:.1f} MB in {used.seconds:.1f} s, {used.memory:.0f} MB of memory"
        exceeded = report.exceeded(BUILD, hellos) + report.exceeded(BUILD, used.memory, "memory_end")
        yield f"{told}; CPU of 1,000 rows {hellos:.0f} times that of the floor's hello", exceeded
    site.engines.dispose()
