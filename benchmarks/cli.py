"""The commands of the benchmark."""

import json
import os
import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click

SITE = Path(__file__).parent / "site.toml"
SIZES = {"10k": 10_000, "50k": 50_000, "100k": 100_000, "1M": 1_000_000}


@click.group()
def main() -> None:
    """Fill a database with invented cases, and measure the portal with it."""


def _size(_context: click.Context, _parameter: click.Parameter, value: str) -> int:
    try:
        return SIZES.get(value) or int(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is neither a number nor one of {', '.join(SIZES)}") from None


def _size_if_any(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    return None if value is None else _size(context, parameter, value)


def _sizes(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(_size(context, parameter, value) for value in values)


@main.command()
@click.option("--database", required=True, help="Address of an empty database, or of one that was begun.")
@click.option(
    "--n", "cases", callback=_size_if_any, help="10k, 50k, 100k, 1M or a number; 10k, if not given."
)
@click.option("--seed", type=int, help="1405, if not given.")
@click.option("--until", type=click.DateTime(), help="The present of the invented city; now, if not given.")
@click.option("--manifest", type=click.Path(path_type=Path), help="Where to write what was made.")
def seed(
    database: str, cases: int | None, seed: int | None, until: datetime | None, manifest: Path | None
) -> None:
    """Fill a database; an interrupted run is continued with the same command and the same reference time."""
    os.environ["BENCH_DATABASE_URL"] = database
    from benchmarks.seed import load
    from benchmarks.seed.plan import AnotherCity, plan
    from civicportal.core.site import Site

    began = time.monotonic()
    site = Site(SITE)
    present = until.replace(tzinfo=site.timezone) if until else None

    def progress(text: str) -> None:
        click.echo(f"{time.monotonic() - began:7.1f} s  {text}")

    try:
        load.prepare(site, progress)
        wanted = asdict(plan(site, cases=cases, seed=seed, until=present))
        load.load(site, **wanted, progress=progress)
        made = load.manifest(site, **wanted)
    except AnotherCity as error:
        raise click.ClickException(str(error)) from None
    finally:
        site.engines.dispose()
    if manifest:
        load.write_manifest(manifest, made)
    click.echo(f"{time.monotonic() - began:7.1f} s  {made['tables']}")


@main.command()
@click.option("--database", required=True, help="Address of a filled database.")
def metrics(database: str) -> None:
    """Measure the cost of counting requests and of reading the metrics."""
    os.environ["BENCH_DATABASE_URL"] = database
    from benchmarks.metrics import cost

    for line in cost(database):
        click.echo(line)


@main.command()
@click.option(
    "--database", required=True, help="Address of a filled database; receivers are added and deleted."
)
@click.option("--events", default=1000, show_default=True, help="For each receiver.")
def webhooks(database: str, events: int) -> None:
    """Measure deliveries to webhooks and Open311 servers; exits with 1 when a gate fails."""
    os.environ["BENCH_DATABASE_URL"] = database
    from benchmarks.webhooks import cost

    _show(cost(database, events))


@main.command()
@click.option("--database", required=True, help="Address of a filled database; the run writes into it.")
@click.option("--seconds", default=3.0, show_default=True, help="Of one window.")
@click.option("--rounds", default=3, show_default=True, help="Windows of each scenario.")
@click.option("--only", default="", help="Part of the names of scenarios.")
@click.option("--small", is_flag=True, help="Only the scenarios of a first look.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("var/bench"), show_default=True)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def run(
    database: str, seconds: float, rounds: int, only: str, small: bool, out: Path, options: tuple[str, ...]
) -> None:
    """Measure the portal on a database; OPTIONS, after --, are those of civicportal serve.

    Exits with 1 when a gate fails.
    """
    os.environ["BENCH_DATABASE_URL"] = database
    from benchmarks.run import report
    from benchmarks.run.measure import Bench
    from civicportal.core.site import Site

    out.mkdir(parents=True, exist_ok=True)
    site = Site(SITE)
    bench = Bench(site, database, out, seconds=seconds, rounds=rounds, progress=click.echo)
    result = bench.run(only=only, small=small, options=options)
    site.engines.dispose()
    report.write(result, out)
    click.echo(f"\n{report.table(result)}\n")
    failed = report.failures(result)
    for line in failed:
        click.echo(f"gate: {line}")
    raise SystemExit(1 if failed else 0)


@main.command()
@click.option("--database", required=True, help="Address of a filled database.")
@click.option("--seconds", default=4.0, show_default=True, help="Of one window.")
@click.option("--rounds", default=2, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("var/bench"), show_default=True)
def servers(database: str, seconds: float, rounds: int, out: Path) -> None:
    """Compare WSGI servers under load; gunicorn and granian must be installed."""
    os.environ["BENCH_DATABASE_URL"] = database
    from benchmarks.run.servers import compare
    from civicportal.core.site import Site

    out.mkdir(parents=True, exist_ok=True)
    site = Site(SITE)
    text = compare(site, database, out, seconds=seconds, rounds=rounds, progress=click.echo)
    site.engines.dispose()
    (out / "servers.md").write_text(text + "\n", encoding="utf-8")
    click.echo(text)


@main.command()
@click.option("--database", required=True, help="Address of a filled database; reports are sent into it.")
@click.option("--seconds", default=3.0, show_default=True, help="Of one window.")
@click.option("--rounds", default=5, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("var/bench"), show_default=True)
def plugins(database: str, seconds: float, rounds: int, out: Path) -> None:
    """Measure the overhead of plugins on requests that do not concern them."""
    os.environ["BENCH_DATABASE_URL"] = database
    from benchmarks.plugins import compare
    from civicportal.core.site import Site

    out.mkdir(parents=True, exist_ok=True)
    site = Site(SITE)
    text = compare(site, database, out, seconds=seconds, rounds=rounds, progress=click.echo)
    site.engines.dispose()
    (out / "plugins.md").write_text(text + "\n", encoding="utf-8")
    click.echo(text)


@main.command()
@click.option("--database", required=True, help="Address of a filled database; it is only read.")
@click.option("--requests", default=50_000, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("var/bench"), show_default=True)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def memory(database: str, requests: int, out: Path, options: tuple[str, ...]) -> None:
    """Request all pages repeatedly and measure memory growth; OPTIONS as for run."""
    os.environ["BENCH_DATABASE_URL"] = database
    from benchmarks.memory import grow
    from civicportal.core.site import Site

    out.mkdir(parents=True, exist_ok=True)
    site = Site(SITE)
    text = grow(site, database, out, requests, options, click.echo)
    site.engines.dispose()
    (out / "memory.md").write_text(text + "\n", encoding="utf-8")
    click.echo(text)


@main.command()
@click.option("--database", required=True, help="Address of a filled database; it is only read.")
@click.option(
    "--as",
    "people",
    multiple=True,
    default=("admin", "pr", "waste1", "traffic1", "culture1", "citizen", "visitor"),
    show_default=True,
    help="Who looks; again for more.",
)
@click.option("--pages", default=300, show_default=True, help="Of each at most.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("var/bench"), show_default=True)
def crawl(database: str, people: tuple[str, ...], pages: int, out: Path) -> None:
    """Follow the links of all pages and list the slowest; exits with 1 when one fails."""
    os.environ["BENCH_DATABASE_URL"] = database
    from benchmarks.crawl import crawl
    from civicportal.core.site import Site

    out.mkdir(parents=True, exist_ok=True)
    site = Site(SITE)
    text, fine = crawl(site, database, out, people, pages, click.echo)
    site.engines.dispose()
    (out / "crawl.md").write_text(text + "\n", encoding="utf-8")
    click.echo(text)
    raise SystemExit(0 if fine else 1)


@main.command()
@click.option("--database", required=True, help="Address of a filled database.")
@click.option("--seconds", default=60.0, show_default=True)
def idle(database: str, seconds: float) -> None:
    """Measure the CPU time of an idle worker."""
    from benchmarks.idle import cost

    used = cost(database, seconds)
    click.echo(f"{used:.1f} ms of CPU a second: {used / 10:.1f} % of a core")


@main.command()
@click.option("--rounds", default=20, show_default=True)
def picture(rounds: int) -> None:
    """Measure the processing of a photograph of 5 MB, against decoding it once in-process."""
    from benchmarks.run.picture import gate_and_floor

    gate, floor = gate_and_floor(rounds)
    click.echo(f"gate {gate:.0f} ms of CPU, floor {floor:.0f} ms: {gate / floor:.2f} of the floor")


@main.command()
def refusal() -> None:
    """Measure the cost of hostile requests and pictures until they are refused."""
    from benchmarks.refusal import table

    click.echo(table())


@main.command()
@click.option(
    "--n",
    "sizes",
    multiple=True,
    default=("10k",),
    show_default=True,
    callback=_sizes,
    help="Again for more.",
)
@click.option("--database", "kinds", multiple=True, default=("postgresql", "sqlite"), show_default=True)
@click.option("--seconds", default=1.0, show_default=True, help="Of one window.")
@click.option("--rounds", default=1, show_default=True)
@click.option("--small", is_flag=True, help="Only the scenarios of a first look.")
@click.option("--against", default="", help="A commit, which is measured in the same rounds.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("var/bench"), show_default=True)
def full(
    sizes: tuple[int, ...],
    kinds: tuple[str, ...],
    seconds: float,
    rounds: int,
    small: bool,
    against: str,
    out: Path,
) -> None:
    """Create temporary databases, fill and measure them; exits with 1 when a gate fails."""
    # The site of the benchmark names its database by the environment; each database has a site of its own.
    os.environ.setdefault("BENCH_DATABASE_URL", "sqlite://")
    from benchmarks.run import report, suite
    from benchmarks.seed.city import now

    out.mkdir(parents=True, exist_ok=True)
    runs = suite.run_all(
        kinds,
        sizes,
        now(),
        out,
        seconds=seconds,
        rounds=rounds,
        small=small,
        against=against,
        progress=click.echo,
    )
    text = "\n\n".join(filter(None, [*map(report.table, runs), suite.growth(runs)]))
    (out / "report.md").write_text(text + "\n", encoding="utf-8")
    click.echo(f"\n{text}\n")
    failed = [line for run in runs for line in report.failures(run)]
    for line in failed:
        click.echo(f"gate: {line}")
    raise SystemExit(1 if failed or not runs else 0)


@main.command()
@click.option("--n", "cases", callback=_size, default="10k", show_default=True, help="Number of cases.")
@click.option("--seconds", default=2.0, show_default=True, help="Of one window.")
@click.option("--rounds", default=3, show_default=True)
@click.option("--events", default=1000, show_default=True, help="Deliveries to each receiver.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("var/bench"), show_default=True)
def programs(cases: int, seconds: float, rounds: int, events: int, out: Path) -> None:
    """Measure what programs call beside the pages that show the same, deliveries, and an import of as many cases.

    It takes a PostgreSQL database of its own, and exits with 1 when a gate fails.
    """
    os.environ.setdefault("BENCH_DATABASE_URL", "sqlite://")
    from benchmarks import importing
    from benchmarks.run import report, suite
    from benchmarks.seed.city import now

    out.mkdir(parents=True, exist_ok=True)
    run, lines, failed = suite.run_programs(
        cases, now(), out, seconds=seconds, rounds=rounds, events=events, progress=click.echo
    )
    lines.append(f"import: {importing.measure(cases, click.echo)}")
    text = "\n".join([report.table(run), "", report.pages(run), "", *lines])
    (out / "report.md").write_text(text + "\n", encoding="utf-8")
    click.echo(f"\n{text}\n")
    failed = [*report.failures(run), *failed]
    for line in failed:
        click.echo(f"gate: {line}")
    raise SystemExit(1 if failed else 0)


@main.command()
@click.argument("before", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("after", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def compare(before: Path, after: Path) -> None:
    """Compare two runs by their results.json: CPU and statements of each scenario."""
    from benchmarks.run.compare import compare

    click.echo(compare(*(json.loads(path.read_text(encoding="utf-8")) for path in (before, after))))


@main.command()
@click.option("--database", required=True, help="Address of a filled PostgreSQL database.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("var/bench"), show_default=True)
def scaling(database: str, out: Path) -> None:
    """Measure scaling by workers and the cost of a bucket; moto must be installed."""
    os.environ["BENCH_DATABASE_URL"] = database
    from benchmarks.scaling import compare

    text = compare(out.absolute(), click.echo)
    (out / "scaling.md").write_text(text + "\n", encoding="utf-8")
    click.echo(f"\n{text}")


@main.command()
@click.option("--n", "cases", callback=_size, default="50000", show_default=True, help="Number of cases.")
def copy(cases: int) -> None:
    """Measure moving a portal from SQLite to PostgreSQL, in temporary databases."""
    os.environ.setdefault("BENCH_DATABASE_URL", "sqlite://")
    from benchmarks.copying import measure

    click.echo(measure(cases, click.echo))


@main.command(name="import")
@click.option("--n", "cases", callback=_size, default="100000", show_default=True, help="Number of cases.")
@click.option(
    "--page", is_flag=True, help="As on the page: reading, check, import and taking back by the worker."
)
def import_(cases: int, page: bool) -> None:
    """Measure moving in from an earlier system, into a temporary PostgreSQL database.

    With --page it exits with 1 when a gate fails.
    """
    os.environ.setdefault("BENCH_DATABASE_URL", "sqlite://")
    from benchmarks.importing import measure, measure_page

    if not page:
        click.echo(measure(cases, click.echo))
        return
    _show(measure_page(cases, click.echo))


@main.command(name="open-data")
@click.option("--database", required=True, help="Address of a filled database; cases are released in it.")
def open_data(database: str) -> None:
    """Measure the nightly build of open data; exits with 1 when a gate fails."""
    os.environ["BENCH_DATABASE_URL"] = database
    from benchmarks.opendata import cost

    _show(cost(database))


def _show(lines: Iterable[tuple[str, list[str]]]) -> NoReturn:
    """Print what was measured, and exit with 1 when a gate fails."""
    failed = []
    for line, exceeded in lines:
        click.echo(line)
        failed += exceeded
    for line in failed:
        click.echo(f"gate: {line}")
    raise SystemExit(1 if failed else 0)
