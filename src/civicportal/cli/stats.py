"""``civicportal stats``: the counters behind the statistics."""

from typing import TYPE_CHECKING

import click
from sqlalchemy import text

from civicportal.cli.options import load_site

if TYPE_CHECKING:
    from civicportal.work import Work


@click.group()
def stats() -> None:
    """Compare the counters of the statistics with the cases, or make them anew."""


@stats.command()
@click.pass_context
def verify(context: click.Context) -> None:
    """Exit with 1 when a counter does not say what the cases say."""
    from civicportal.statistics.services import StatisticsService
    from civicportal.statistics.tally_service import TallyService

    with load_site(context).work(write=False) as work:
        _be_patient(work)
        wrong = work.get(StatisticsService).verify()
        tallies = work.get(TallyService)
        others = {tally.model.__tablename__: tallies.differences(tally) for tally in tallies.tallies()}
    for key, (stored, live) in wrong.items():
        click.echo(f"{key}: stored {stored}, live {live}")
    for name, rows in others.items():
        for row in rows:
            click.echo(f"{name}: {tuple(row)} is not what the cases say, or only they say it")
    number = len(wrong) + sum(map(len, others.values()))
    click.echo(f"{number} counters are wrong")
    context.exit(1 if number else 0)


@stats.command()
@click.pass_context
def rebuild(context: click.Context) -> None:
    """Measure what is not measured yet, and make the counters anew from the cases."""
    from civicportal.statistics.backfill import measure
    from civicportal.statistics.backfill import rebuild as rebuild_counters
    from civicportal.statistics.tally_service import TallyService

    site = load_site(context)
    click.echo(f"{measure(site)} cases measured")
    click.echo(f"{rebuild_counters(site)} counters")
    for kind in site.kinds.values():
        if kind.tally:
            with site.work() as work:
                _be_patient(work)
                number = work.get(TallyService).rebuild(kind.tally)
            click.echo(f"{number} counters in {kind.tally.model.__tablename__}")


def _be_patient(work: "Work") -> None:
    """Let a statement take longer than somebody before a screen would wait."""
    if work.site.engines.dialect == "postgresql":
        work.session.execute(text("SET LOCAL statement_timeout = '30min'"))
