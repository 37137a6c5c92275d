"""``civicportal open-data``: files with public data for everybody."""

import click

from civicportal.cli.options import load_site


@click.group(name="open-data")
def open_data() -> None:
    """Build the files of open data."""


@open_data.command()
@click.pass_context
def build(context: click.Context) -> None:
    """Build all files now.

    The worker does it every night. Exits with 1 if it failed, or if a worker is building.
    """
    from civicportal.portal.opendata.jobs import run_now
    from civicportal.portal.opendata.services import BuildService

    site = load_site(context)
    if not site.settings["open_data"]["enabled"]:
        raise click.ClickException("open data are switched off: set enabled = true in [open_data]")
    if not run_now(site, lambda name, rows: click.echo(f"  {name}: {rows} rows")):
        raise click.ClickException("a worker is building at this moment")
    with site.work(write=False) as work:
        last = work.get(BuildService).last()
    if last is None or last.error:
        raise click.ClickException(last.error if last else "the build was interrupted")
    click.echo(f"{last.rows} rows, {last.size} bytes, {last.changed} changed files")
