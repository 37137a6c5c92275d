"""Memory and duration of exports: ``python -m benchmarks.exports --database URL`` writes lists of growing length.

Each length and format is written by a process of its own, for which the list ends there: no more ids are read than rows
are written. What is told is how much its memory grew over that of the first, shortest one. It reads only.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import Any

import click

SITE = "site.toml"
KIB = 1024


def write(rows: int, format_: str) -> dict[str, Any]:
    """Export the newest reports and return memory and duration.

    :returns: rows as they were found, seconds, CPU seconds of the whole process, bytes of the file, the peak of its
        memory in KiB.
    """
    from pathlib import Path

    from civicportal.core.security import Identity
    from civicportal.core.site import Site
    from civicportal.domain.exports.files import Cover, write_rows
    from civicportal.domain.exports.rows import ExportQuery, Row, batches

    site = Site(Path(__file__).parent / SITE)
    export = site.exports["reports.list"]
    values = {node.name: node.missing for node in export.schema().children}
    order = ExportQuery(export=export, values=values, columns=export.columns)
    cover = Cover(title=export.title, filters=[], by="", at=site.clock.now(), locale="fa")
    found = 0

    def written() -> Iterator[Row]:
        nonlocal found
        for batch in batches(site, Identity.SYSTEM, order, most=rows):
            found += len(batch.rows)
            yield from batch.rows

    began = time.monotonic()
    with TemporaryFile() as file:
        write_rows(site, file, format_, order, cover, written())
        size = file.tell()
    seconds = time.monotonic() - began
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = usage.ru_utime + usage.ru_stime
    return {"rows": found, "seconds": seconds, "cpu": cpu, "bytes": size, "peak": usage.ru_maxrss}


@click.command()
@click.option("--database", required=True, help="Address of a filled database.")
@click.option(
    "--rows", default="10,1000,10000,100000", show_default=True, help="Lengths, the first is the base."
)
@click.option("--one", hidden=True, help="Length and format that this process writes.")
def main(database: str, rows: str, one: str | None) -> None:
    """Write lists of growing length, and print the time and memory of each."""
    os.environ["BENCH_DATABASE_URL"] = database
    if one:
        number, format_ = one.split(":")
        click.echo(json.dumps(write(int(number), format_)))
        return
    click.echo(
        f"{'format':>6} {'rows':>8} {'seconds':>8} {'CPU s':>7} {'MiB':>7} {'peak MiB':>9} {'grew MiB':>9}"
    )
    for format_ in ("xlsx", "csv"):
        base = 0
        for number in rows.split(","):
            command = [sys.executable, "-m", "benchmarks.exports", "--database", database]
            done = subprocess.run([*command, "--one", f"{number}:{format_}"], capture_output=True, check=True)
            told = json.loads(done.stdout)
            base = base or told["peak"]
            click.echo(
                f"{format_:>6} {told['rows']:8} {told['seconds']:8.1f} {told['cpu']:7.1f} "
                f"{told['bytes'] / KIB**2:7.1f} {told['peak'] / KIB:9.1f} {(told['peak'] - base) / KIB:9.1f}"
            )


if __name__ == "__main__":
    main()
