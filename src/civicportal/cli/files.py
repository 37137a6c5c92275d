"""``civicportal files``: where pictures lie."""

from typing import TYPE_CHECKING

import click

from civicportal.cli.options import load_site

if TYPE_CHECKING:
    from civicportal.site import Site
    from civicportal.storage import IFileStorage

MOST_LINES = 50
STORES = click.Choice(("s3", "folder"))


@click.group()
def files() -> None:
    """Copy pictures between the folder and the bucket of a site, and look whether all are there."""


@files.command()
@click.option(
    "--to", "target", type=STORES, required=True, help="The bucket of [s3], or the folder site.files."
)
@click.pass_context
def copy(context: click.Context, target: str) -> None:
    """Copy what the target lacks from the other of the two; the portal may run meanwhile."""
    from civicportal.storage.copying import copy_all

    site = load_site(context)
    source = "folder" if target == "s3" else "s3"
    number = copy_all(_store(site, source), _store(site, target), _say)
    click.echo(f"{number} files copied from {source} to {target}")


@files.command()
@click.option("--in", "place", type=STORES, help="Another store than the one the site uses.")
@click.option("--quick", is_flag=True, help="Do not read the pictures, only look whether they are there.")
@click.pass_context
def verify(context: click.Context, place: str | None, quick: bool) -> None:
    """Exit with 1 when a picture that a row names is missing or not as it was stored."""
    from civicportal.cases.stock import damages

    site = load_site(context)
    storage = _store(site, place) if place else site.storage
    found = 0
    for found, damage in enumerate(damages(site, storage, contents=not quick), 1):
        if found <= MOST_LINES:
            click.echo(f"{damage.what}: {damage.name}")
    click.echo(f"{found} files are missing or changed")
    context.exit(1 if found else 0)


def _store(site: "Site", place: str) -> "IFileStorage":
    if place == "folder":
        return site.folder()
    bucket = site.bucket()
    if bucket is None:
        raise click.ClickException(f"{site.path} has no table [s3]")
    return bucket


def _say(done: int, total: int) -> None:
    click.echo(f"{done} of {total}")
