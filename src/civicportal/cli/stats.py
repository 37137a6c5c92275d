"""``civicportal stats``: the counters behind the statistics."""

import click

from civicportal.cli.options import load_site


@click.group()
def stats() -> None:
    """Compare the counters of the statistics with the cases, or make them anew."""


@stats.command()
@click.pass_context
def verify(context: click.Context) -> None:
    """Exit with 1 when a counter does not say what the cases say."""
    from civicportal.statistics.services import StatisticsService

    with load_site(context).work(write=False) as work:
        wrong = work.get(StatisticsService).verify()
    for key, (stored, live) in wrong.items():
        click.echo(f"{key}: stored {stored}, live {live}")
    click.echo(f"{len(wrong)} counters are wrong")
    context.exit(1 if wrong else 0)


@stats.command()
@click.pass_context
def rebuild(context: click.Context) -> None:
    """Make the counters anew from the cases."""
    from civicportal.statistics.services import StatisticsService

    with load_site(context).work() as work:
        number = work.get(StatisticsService).rebuild()
    click.echo(f"{number} counters")
