"""``civicportal site``: what the site's files plant in the database."""

import click

from civicportal.cli.options import load_site


@click.group()
def site() -> None:
    """Plant the units, categories, roles, routing rules, texts and holidays of the site's files."""


@site.command()
@click.pass_context
def load(context: click.Context) -> None:
    """Apply what was never applied; what people have changed or deleted since stays so."""
    from civicportal.portal.seeds import SeedService

    with load_site(context).work() as work:
        keys = SeedService(work).load()
    for key in keys:
        click.echo(key)
    click.echo(f"{len(keys)} applied")


@site.command()
@click.pass_context
def diff(context: click.Context) -> None:
    """Show what in the files is new or has changed since it was applied."""
    from civicportal.portal.seeds import SeedService

    with load_site(context).work(write=False) as work:
        differences = SeedService(work).diff()
    for difference in differences:
        click.echo(f"{difference.state:<8} {difference.key}")
    click.echo(f"{len(differences)} differ from what was applied")


@site.command()
@click.argument("keys", nargs=-1, required=True)
@click.pass_context
def apply(context: click.Context, keys: tuple[str, ...]) -> None:
    """Take the files' values for KEYS such as unit:waste, whatever the browser has made of them."""
    from civicportal.portal.seeds import SeedService

    with load_site(context).work() as work:
        SeedService(work).apply(keys)
    click.echo(f"{len(keys)} applied")
