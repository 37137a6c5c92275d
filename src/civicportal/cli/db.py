"""``civicportal db``: the tables of core and plugins."""

import os
from typing import TYPE_CHECKING

import click

from civicportal.cli.options import assemble_site, site_path
from civicportal.util.errors import ConfigurationError

if TYPE_CHECKING:
    from civicportal.core.site import Site


@click.group()
def db() -> None:
    """Migrate the database's tables, and show their state."""


@db.command()
@click.argument("package", required=False)
@click.option("--revision", default="head", show_default=True, help="Go no further than this.")
@click.pass_context
def upgrade(context: click.Context, package: str | None, revision: str) -> None:
    """Migrate the tables of core and plugins, or of PACKAGE."""
    from civicportal.core.db import check_database
    from civicportal.domain.ownership import establish
    from civicportal.portal import upgrade as migrate

    site = assemble_site(context)
    check_database(site.engines)
    migrate.upgrade(site, package, revision, progress=click.echo)
    click.echo("The database is up to date.")
    establish(site)


@db.command()
@click.argument("package")
@click.argument("revision")
@click.confirmation_option(prompt="This may delete data. Go on?")
@click.pass_context
def downgrade(context: click.Context, package: str, revision: str) -> None:
    """Downgrade the tables of PACKAGE to REVISION; "base" drops them."""
    from civicportal.portal import upgrade as migrate

    migrate.downgrade(assemble_site(context), package, revision, progress=click.echo)
    click.echo(f"{package} is at {revision}.")


@db.command()
@click.argument("package")
@click.argument("message")
@click.option("--empty", is_flag=True, help="Do not compare the models with the database.")
@click.pass_context
def revision(context: click.Context, package: str, message: str, empty: bool) -> None:
    """Generate a revision of PACKAGE from its models.

    "civicportal" is the core.
    """
    from civicportal.portal import upgrade as migrate

    path = migrate.revision(assemble_site(context), package, message, autogenerate=not empty)
    click.echo(f"{path}\nRead it before you run it.")


@db.command()
@click.pass_context
def check(context: click.Context) -> None:
    """Compare tables with models, and check privacy tags.

    Exits with 1 if they differ.
    """
    from civicportal.portal import upgrade as migrate

    problems = migrate.check(assemble_site(context))
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        context.exit(1)
    click.echo("The tables are what the models say, and every column says what it holds.")


@db.command()
@click.pass_context
def current(context: click.Context) -> None:
    """Show the current and the newest revision of each package."""
    from civicportal.core.migration import state as migrate_state

    site = assemble_site(context)
    for state in migrate_state.current(site):
        newest = "" if state.current == state.head else f" (newest: {state.head})"
        newest = f" (newer than this code: {state.head})" if state.is_ahead else newest
        click.echo(f"{state.name:<20} {state.current or '-'}{newest}")
    for prefix in migrate_state.sleeping(site):
        click.echo(f"{prefix:<20} sleeps: it is not listed in site.plugins")


@db.command()
@click.argument("source")
@click.argument("target")
@click.pass_context
def copy(context: click.Context, source: str, target: str) -> None:
    """Move the portal from the database SOURCE to the empty database TARGET.

    Both are addresses as in site.database_url, or names of environment variables that contain one, so that a password
    does not appear in the list of processes. Stop the portal and its workers first. Every table is compared on both
    sides. After an interruption, run it again. Afterwards the portal starts on TARGET only; SOURCE keeps its rows.
    """
    from civicportal.cli.progress import ProgressLine
    from civicportal.tools.copying import copy_database

    first, second = _site_on(context, source), _site_on(context, target)
    report = ProgressLine()
    done = copy_database(
        first, second, lambda step, table, done, all_rows: report(step, done, all_rows, table)
    )
    if not done.tables:
        click.echo("The portal has been moved to this database already.")
        return
    if done.resumed:
        click.echo(f"{done.resumed} rows were there from the run before")
    click.echo(f"{done.tables} tables with {done.rows} rows are equal on both sides.")
    click.echo(
        "Name the new database in site.database_url, then: civicportal check. The old one starts no portal any more."
    )


def _site_on(context: click.Context, address: str) -> "Site":
    """Return the site with another database.

    :param address: of the database, or the name of an environment variable that holds it.
    """
    from civicportal.core.site import Site

    if "://" not in address:
        if address not in os.environ:
            raise ConfigurationError(
                f"{address!r} is neither the address of a database (sqlite:///…, postgresql+psycopg://…) nor the name of an"
                " environment variable that holds one"
            )
        address = os.environ[address]
    return Site(site_path(context), database_url=address)
