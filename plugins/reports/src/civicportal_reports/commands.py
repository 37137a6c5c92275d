"""``civicportal reports``: maintenance of all reports. The portal is imported on use, not for ``--help``."""

import click


@click.group()
def reports() -> None:
    """Maintain the reports."""


@reports.command()
@click.pass_context
def relocate(context: click.Context) -> None:
    """Recompute street and district of every report after a change of the city's map."""
    from civicportal.api.plugins import load_site
    from civicportal_reports import relocation

    changed = relocation.relocate(load_site(context))
    click.echo(f"{changed} reports have another street or district")
