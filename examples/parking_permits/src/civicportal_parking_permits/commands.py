"""``civicportal parking-permits``."""

import click

from civicportal.api.plugins import load_site
from civicportal_parking_permits.zones import FILE, ZoneService


@click.group(name="parking-permits")
def parking_permits() -> None:
    """Prepare a site for parking permits."""


@parking_permits.command()
@click.pass_context
def zones(context: click.Context) -> None:
    """Plant the zones of data/parking_zones.toml that are not there yet; what people changed stays."""
    site = load_site(context)
    with site.work() as work:
        planted = work.get(ZoneService).plant(site.data / FILE)
    click.echo(f"zones: {', '.join(planted) or 'nothing new'}")
