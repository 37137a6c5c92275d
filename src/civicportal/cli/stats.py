"""``civicportal stats``: the counters of statistics."""

import click

from civicportal.cli.options import load_site


@click.group()
def stats() -> None:
    """Verify counters and referrals against the cases, or rebuild them."""


@stats.command()
@click.pass_context
def verify(context: click.Context) -> None:
    """Compare counters and referrals with the cases.

    Exits with 1 if they differ.
    """
    from civicportal.domain.kartable.repair import wrong_referrals
    from civicportal.domain.statistics.repair import wrong_counters

    site = load_site(context)
    wrong = wrong_counters(site)
    wrong += [
        f"referral {number}: its copied columns differ from its case" for number in wrong_referrals(site)
    ]
    for line in wrong:
        click.echo(line)
    click.echo(f"{len(wrong)} counters and referrals are wrong")
    context.exit(1 if wrong else 0)


@stats.command()
@click.pass_context
def rebuild(context: click.Context) -> None:
    """Rebuild the counters from the cases.

    It also stores missing measures, and repairs the columns copied to referrals.
    """
    from civicportal.domain.kartable.repair import repair_referrals
    from civicportal.domain.statistics.repair import rebuild_counters

    site = load_site(context)
    rebuild_counters(site, click.echo)
    repair_referrals(site, click.echo)
