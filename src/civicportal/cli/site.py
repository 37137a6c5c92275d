"""``civicportal site``: seed data of the site's files."""

import click

from civicportal.cli.options import load_site


@click.group()
def site() -> None:
    """Load units, categories, roles, routing rules, texts and holidays."""


@site.command()
@click.pass_context
def load(context: click.Context) -> None:
    """Apply new seeds; later changes and deletions in the browser persist."""
    from civicportal.portal.seeds.services import SeedService

    with load_site(context).work() as work:
        keys = SeedService(work).load()
    for key in keys:
        click.echo(key)
    click.echo(f"{len(keys)} applied")


@site.command()
@click.pass_context
def diff(context: click.Context) -> None:
    """Show seeds that are new or have changed since they were applied."""
    from civicportal.portal.seeds.services import SeedService

    with load_site(context).work(write=False) as work:
        differences = SeedService(work).diff()
    for difference in differences:
        click.echo(f"{difference.state:<8} {difference.key}")
    click.echo(f"{len(differences)} differ from what was applied")


@site.command()
@click.argument("keys", nargs=-1, required=True)
@click.pass_context
def apply(context: click.Context, keys: tuple[str, ...]) -> None:
    """Overwrite KEYS such as unit:waste with the values of the files."""
    from civicportal.portal.seeds.services import SeedService

    with load_site(context).work() as work:
        SeedService(work).apply(keys)
    click.echo(f"{len(keys)} applied")
