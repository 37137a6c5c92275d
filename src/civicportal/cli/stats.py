"""``civicportal stats``: the counters of statistics."""

import click

from civicportal.cli.options import load_site


@click.group()
def stats() -> None:
    """Verify counters and referrals against the cases, or rebuild them."""


@stats.command()
@click.pass_context
def verify(context: click.Context) -> None:
    """Exit with 1 when a counter or a referral differs from the cases."""
    from civicportal.domain.kartable.repair import wrong_lines
    from civicportal.domain.statistics.repair import wrong_counters

    site = load_site(context)
    wrong = wrong_counters(site)
    wrong += [f"line {number}: says of its case what is not so" for number in wrong_lines(site)]
    for line in wrong:
        click.echo(line)
    click.echo(f"{len(wrong)} counters and lines are wrong")
    context.exit(1 if wrong else 0)


@stats.command()
@click.pass_context
def rebuild(context: click.Context) -> None:
    """Store missing measures, rebuild the counters from the cases, and repair the columns copied to referrals."""
    from civicportal.domain.kartable.repair import mend_lines
    from civicportal.domain.statistics.repair import rebuild_counters

    site = load_site(context)
    rebuild_counters(site, click.echo)
    mend_lines(site, click.echo)
