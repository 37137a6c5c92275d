"""``civicportal import``: moving in from an earlier system."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from civicportal.cli.options import load_site

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.portal.importing import ImportMapping, ImportSummary

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
MOST_TEXTS = 40
"""Different texts of a column in a suggested mapping."""
MOST_CODES = 20
STEP = 10_000
"""Lines between two messages about the progress."""


@click.group(name="import")
def import_() -> None:
    """Import cases, people, units and categories of an earlier system."""


def _options(command: Callable[..., None]) -> Callable[..., None]:
    command = click.argument("files", nargs=-1, required=True, type=FILE)(command)
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
def check(
    context: click.Context, files: tuple[Path, ...], mapping: Path, attachments: Path | None, report: Path
) -> None:
    """Check FILES and report every line that would not be imported.

    Writes nothing to the database. Exits with 1 if lines would be rejected.
    """
    summary = _import(load_site(context), files, mapping, attachments, report, apply=False)
    click.echo("Nothing was written. To import: civicportal import apply")
    context.exit(1 if summary.rejected else 0)


@import_.command()
@_options
@click.pass_context
def apply(
    context: click.Context, files: tuple[Path, ...], mapping: Path, attachments: Path | None, report: Path
) -> None:
    """Import FILES, and report every line that was not imported.

    Lines that were imported before are left as they are. After an interruption, run it again.
    """
    summary = _import(load_site(context), files, mapping, attachments, report, apply=True)
    click.echo(f"This is batch {summary.batch}. To take it back: civicportal import undo {summary.batch}")


@import_.command()
@click.argument("batch", type=int)
@click.confirmation_option(prompt="This deletes the cases of the batch that no one has touched since. Go on?")
@click.pass_context
def undo(context: click.Context, batch: int) -> None:
    """Delete what BATCH has imported.

    Cases that something has happened to since stay, and are named.
    """
    from civicportal.portal.importing import undo_batch

    done = 0

    def progress(number: int) -> None:
        nonlocal done
        done += number
        if done % STEP == 0:
            click.echo(f"  {done} cases")

    result = undo_batch(load_site(context), batch, progress)
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
@click.argument("file", type=FILE)
@click.option("--kind", default="", help="The kind of its cases; the first one by default.")
@click.pass_context
def suggest(context: click.Context, file: Path, kind: str) -> None:
    """Print a first mapping for FILE, from the names of its columns."""
    from civicportal.portal.importing.batches import suggest_mapping

    click.echo(suggest_mapping(load_site(context), file, kind, most=MOST_TEXTS), nl=False)


def _import(
    site: "Site",
    files: tuple[Path, ...],
    mapping: Path,
    attachments: Path | None,
    report: Path,
    *,
    apply: bool,
) -> "ImportSummary":
    from civicportal.portal.importing import import_files
    from civicportal.portal.importing.batches import read_mapping
    from civicportal.portal.importing.report import open_report

    found: ImportMapping = read_mapping(site, mapping.read_text(encoding="utf-8-sig"))

    def progress(name: str, done: int) -> None:
        if done and done % STEP == 0:
            click.echo(f"  {name}: {done} lines")

    with open_report(site.localizer(), report) as problems:
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
