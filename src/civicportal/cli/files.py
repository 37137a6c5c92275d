"""``civicportal files``: the store of pictures, its owner, and the quarantine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from civicportal.cli.options import assemble_site, load_site

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.storage import GuardedStorage, IFileStorage

MOST_LINES = 50
STORES = click.Choice(("s3", "folder"))


@click.group()
def files() -> None:
    """Copy pictures between folder and bucket, verify them, and recover quarantined files."""


@files.command()
@click.option(
    "--to", "target", type=STORES, required=True, help="The bucket of [s3], or the folder site.files."
)
@click.pass_context
def copy(context: click.Context, target: str) -> None:
    """Copy missing files from the other store.

    The portal may keep running.

    An empty target is marked as this portal's store.
    """
    from civicportal.core.storage.copying import copy_all
    from civicportal.domain.ownership import adopt_store

    site = load_site(context)
    source, to = _store(site, "folder" if target == "s3" else "s3"), _store(site, target)
    with _refusals():
        source.confirm()
        if to.read_mark() is None and next(iter(to.store.keys()), None) is None:
            adopt_store(site, to.store)
        number = copy_all(source, to, _say)
    click.echo(f"{number} files copied from {'folder' if target == 's3' else 's3'} to {target}")


@files.command()
@click.option("--in", "place", type=STORES, help="Another store than the one the site uses.")
@click.option("--quick", is_flag=True, help="Do not read the pictures, only look whether they are there.")
@click.option("--repair", is_flag=True, help="Put missing pictures back that lie in quarantine.")
@click.pass_context
def verify(context: click.Context, place: str | None, quick: bool, repair: bool) -> None:
    """Exit with 1 when a referenced picture is missing or damaged."""
    from civicportal.domain.cases.stock import damages, recover

    site = load_site(context)
    storage = _store(site, place) if place else site.storage
    found = repaired = 0
    with _refusals():
        for damage in damages(site, storage, contents=not quick):
            if repair and recover(storage, damage):
                repaired += 1
                continue
            found += 1
            if found <= MOST_LINES:
                click.echo(f"{damage.what}: {damage.name}")
    if repair:
        click.echo(f"{repaired} files put back from quarantine")
    click.echo(f"{found} files are missing or changed")
    context.exit(1 if found else 0)


@files.command()
@click.option("--in", "place", type=STORES, help="Another store than the one the site uses.")
@click.option("--empty", is_flag=True, help="Delete what is in quarantine now, however young.")
@click.pass_context
def quarantine(context: click.Context, place: str | None, empty: bool) -> None:
    """Count the files in quarantine.

    Unreferenced files are moved there before they are deleted.
    """
    site = load_site(context)
    storage = _store(site, place) if place else site.storage
    with _refusals():
        keys = list(storage.quarantined())
        click.echo(f"{len(keys)} files in quarantine, kept for {site.quarantine.days} days")
        if empty and keys and click.confirm("Delete them for good?"):
            click.echo(f"{sum(map(storage.purge, keys))} files deleted")


@files.command()
@click.option("--in", "place", type=STORES, help="Another store than the one the site uses.")
@click.option("--owner", default="", metavar="ID", help="Id of the portal whose mark the store bears now.")
@click.option(
    "--new-id", is_flag=True, help="The database is a copy of another portal's: it gets its own id."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def adopt(context: click.Context, place: str | None, owner: str, new_id: bool, yes: bool) -> None:
    """Mark a store as this portal's.

    Cleanup deletes its files that this database does not reference.
    """
    from civicportal.domain.ownership import adopt_store

    site = assemble_site(context)
    store = (_store(site, place) if place else site.storage).store
    with _refusals():
        named, known = _known(site, store)
        click.echo(f"{store.place}: {known} of the {named} newest pictures of the database are there")
        if not yes:
            click.confirm("Is it this portal's store, and no other portal's?", abort=True)
        adopt_store(site, store, owner=owner, new_id=new_id)
    click.echo(f"{store.place} bears this portal's mark")


def _known(site: "Site", store: "IFileStorage") -> tuple[int, int]:
    from civicportal.domain.ownership import newest_pictures

    keys = newest_pictures(site)
    return len(keys), sum(map(store.exists, keys))


@contextmanager
def _refusals() -> Iterator[None]:
    """Report a refused or unavailable store without a traceback."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(str(error)) from error


def _store(site: "Site", place: str) -> "GuardedStorage":
    if place == "folder":
        return site.guarded(site.folder())
    bucket = site.bucket()
    if bucket is None:
        raise click.ClickException(f"{site.path} has no table [s3]")
    return site.guarded(bucket)


def _say(done: int, total: int) -> None:
    click.echo(f"{done} of {total}")
