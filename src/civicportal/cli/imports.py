"""``civicportal import``: moving in from an earlier system."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from civicportal.cli.options import load_site
from civicportal.util.folders import delete_left_behind, working_folder

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.portal.importing import ImportMapping, ImportSummary
    from civicportal.portal.importing.open311 import Open311Snapshot

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
MOST_TEXTS = 40
"""Different texts of a column in a suggested mapping."""
MOST_CODES = 20
STEP = 10_000
"""Lines between two messages about the progress."""
EARLIEST = "2015-01-01"
"""Day from which requests of an Open311 server are read by default."""


@dataclass(frozen=True, kw_only=True)
class ImportInput:
    """What is imported: files, or an Open311 server.

    :ivar attachments: folder of the pictures that the files name.
    :ivar open311: address of the server; empty for files.
    :ivar snapshot: folder in which its answers are kept; a temporary one if None.
    """

    files: tuple[Path, ...]
    attachments: Path | None = None
    open311: str = ""
    jurisdiction: str = ""
    since: datetime | None = None
    until: datetime | None = None
    snapshot: Path | None = None


class _Given(TypedDict):
    files: tuple[Path, ...]
    attachments: Path | None
    open311: str
    jurisdiction: str
    since: datetime
    until: datetime | None
    snapshot: Path | None


@click.group(name="import")
def import_() -> None:
    """Import cases, people, units and categories of an earlier system."""


def _server_options(command: Callable[..., None]) -> Callable[..., None]:
    help_ = "The endpoint of an Open311 server instead of files, such as https://city.example/open311/v2."
    command = click.option("--open311", default="", metavar="URL", help=help_)(command)
    help_ = "The jurisdiction_id of the city, if the server has several."
    command = click.option("--jurisdiction", default="", help=help_)(command)
    folder = click.Path(file_okay=False, writable=True, path_type=Path)
    help_ = "A folder that keeps what the server has answered, so that it is not read again."
    return click.option("--snapshot", type=folder, help=help_)(command)


def _options(command: Callable[..., None]) -> Callable[..., None]:
    command = click.argument("files", nargs=-1, type=FILE)(command)
    command = _server_options(command)
    help_ = "The first day of the requests of an Open311 server."
    day = click.DateTime(["%Y-%m-%d"])
    command = click.option("--since", type=day, default=EARLIEST, show_default=True, help=help_)(command)
    help_ = "The last day of the requests of an Open311 server; today by default."
    command = click.option("--until", type=day, help=help_)(command)
    command = click.option("--mapping", required=True, type=FILE, help="What the columns mean.")(command)
    folder = click.Path(exists=True, file_okay=False, path_type=Path)
    help_ = "The folder of the pictures that FILES name."
    command = click.option("--attachments", type=folder, help=help_)(command)
    report = click.Path(dir_okay=False, writable=True, path_type=Path)
    return click.option(
        "--report",
        type=report,
        default="import-report.csv",
        show_default=True,
        help="Where problems are written.",
    )(command)


@import_.command()
@_options
@click.pass_context
def check(context: click.Context, mapping: Path, report: Path, **input_: Unpack[_Given]) -> None:
    """Check FILES and report every line that would not be imported.

    Writes nothing to the database. Exits with 1 if lines would be rejected.
    """
    summary = _import(load_site(context), ImportInput(**input_), mapping, report, apply=False)
    click.echo("Nothing was written. To import: civicportal import apply")
    context.exit(1 if summary.rejected else 0)


@import_.command()
@_options
@click.pass_context
def apply(context: click.Context, mapping: Path, report: Path, **input_: Unpack[_Given]) -> None:
    """Import FILES, and report every line that was not imported.

    Lines that were imported before are left as they are. After an interruption, run it again.
    """
    summary = _import(load_site(context), ImportInput(**input_), mapping, report, apply=True)
    click.echo(f"This is batch {summary.batch}. To take it back: civicportal import undo {summary.batch}")


@import_.command()
@click.argument("batch", type=int)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def undo(context: click.Context, batch: int, yes: bool) -> None:
    """Delete what BATCH has imported.

    Cases that something has happened to since stay, and are named.
    """
    from civicportal.portal.importing import undo_batch
    from civicportal.portal.importing.batches import batches

    site, done = load_site(context), 0
    found = next((one for one in batches(site) if one.id == batch), None)
    if found is None:
        raise click.ClickException(f"there is no batch {batch}")
    if not yes:
        files = ", ".join(found.files)
        click.echo(f"Batch {batch}: {found.source}, {files}")
        click.confirm("Delete its cases that no one has touched since?", abort=True)

    def progress(number: int) -> None:
        nonlocal done
        done += number
        if done % STEP == 0:
            click.echo(f"  {done} cases")

    result = undo_batch(site, batch, progress)
    click.echo(f"{result.cases} cases and {result.people} people deleted")
    if result.others:
        click.echo(f"{result.others} units and categories deleted")
    for code in result.kept[:MOST_CODES]:
        click.echo(f"kept, as it was touched since: {code}")
    if len(result.kept) > MOST_CODES:
        click.echo(f"and {len(result.kept) - MOST_CODES} more")
    context.exit(1 if result.kept else 0)


@import_.command(name="list")
@click.pass_context
def list_(context: click.Context) -> None:
    """List the batches."""
    from civicportal.portal.importing.batches import batches

    for one in batches(load_site(context)):
        click.echo(f"{one.id:>4} {one.state:<8} {one.source:<20} {', '.join(one.files)}")


@import_.command()
@click.argument("file", type=FILE, required=False)
@click.option("--kind", default="", help="The kind of its cases; the first one by default.")
@_server_options
@click.pass_context
def suggest(
    context: click.Context,
    file: Path | None,
    kind: str,
    open311: str,
    jurisdiction: str,
    snapshot: Path | None,
) -> None:
    """Print a first mapping for FILE, from the names of its columns, or for an Open311 server."""
    from civicportal.portal.importing.batches import suggest_mapping, suggest_open311_mapping

    site = load_site(context)
    if bool(open311) == bool(file):
        raise click.UsageError("name a file, or a server by --open311")
    if file is not None:
        click.echo(suggest_mapping(site, file, kind, most=MOST_TEXTS), nl=False)
        return
    given = ImportInput(files=(), open311=open311, jurisdiction=jurisdiction, snapshot=snapshot)
    with _snapshot(site, given) as found:
        click.echo(suggest_open311_mapping(site, found, kind), nl=False)


def _import(site: "Site", given: ImportInput, mapping: Path, report: Path, *, apply: bool) -> "ImportSummary":
    from civicportal.portal.importing import import_files
    from civicportal.portal.importing.batches import read_mapping
    from civicportal.portal.importing.report import open_report

    if bool(given.open311) == bool(given.files):
        raise click.UsageError("name files, or a server by --open311")
    delete_left_behind("import")
    try:
        text = mapping.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise click.ClickException(f"{mapping}: this is no mapping file: its text is not UTF-8") from None
    found: ImportMapping = read_mapping(site, text)

    def progress(name: str, done: int) -> None:
        if done and done % STEP == 0:
            click.echo(f"  {name}: {done} lines")

    with _sources(site, given) as (files, attachments), open_report(site, report) as problems:
        summary = import_files(
            site,
            found,
            files,
            problems,
            apply=apply,
            attachments=attachments,
            progress=progress,
        )
    for entity, counts in summary.counts.items():
        texts = (f"{counts[name]} {name}" for name in ("new", "present", "changed", "rejected", "warning"))
        click.echo(f"{entity}: {', '.join(texts)}")
    for reason, number in summary.reasons.most_common():
        click.echo(f"{number:>8} × {reason}")
    if summary.reasons:
        click.echo(f"Every line of these is in {report}.")
    return summary


@contextmanager
def _sources(site: "Site", given: ImportInput) -> "Iterator[tuple[list[Path], Path | None]]":
    """Yield the files, and the folder of their pictures."""
    if not given.open311:
        yield list(given.files), given.attachments
        return
    with _snapshot(site, given) as snapshot:
        since = site.calendar.at((given.since or datetime.fromisoformat(EARLIEST)).date(), time.min)
        until = given.until and site.calendar.at(given.until.date() + timedelta(days=1), time.min)

        numbers: dict[str, int] = {}
        files = []
        for path in snapshot.read(since, numbers.__setitem__, until):
            if path.name in numbers:
                click.echo(f"  {path.name}: {numbers[path.name]} lines read")
            files.append(path)
        yield files, snapshot.folder


@contextmanager
def _snapshot(site: "Site", given: ImportInput) -> "Iterator[Open311Snapshot]":
    from civicportal.portal.importing.open311 import Open311Server, Open311Snapshot

    server = Open311Server(address=given.open311, jurisdiction=given.jurisdiction)
    with (
        working_folder("import") as folder,
        Open311Snapshot(site, server, given.snapshot or Path(folder)) as snapshot,
    ):
        yield snapshot
