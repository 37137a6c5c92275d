"""``civicportal parking-permits``. The portal is imported on use, not for ``--help``."""

import click


@click.group(name="parking-permits")
def parking_permits() -> None:
    """Prepare a site for parking permits."""


@parking_permits.command()
@click.pass_context
def zones(context: click.Context) -> None:
    """Add the missing zones of data/parking_zones.toml; existing ones are not changed."""
    from civicportal.api.plugins import load_site
    from civicportal_parking_permits.zones import FILE, ZoneService

    site = load_site(context)
    with site.work() as work:
        added = work.get(ZoneService).add_missing(site.data / FILE)
    click.echo(f"zones: {', '.join(added) or 'nothing new'}")
