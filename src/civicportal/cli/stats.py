"""``civicportal stats``: the counters behind the statistics."""

import click

from civicportal.cli.options import load_site


@click.group()
def stats() -> None:
    """Compare the counters of the statistics, and what lines of kartables say, with the cases, or make them anew."""


@stats.command()
@click.pass_context
def verify(context: click.Context) -> None:
    """Exit with 1 when a counter or a line of a kartable does not say what the cases say."""
    from civicportal.statistics.repair import wrong_counters

    wrong = wrong_counters(load_site(context))
    for line in wrong:
        click.echo(line)
    click.echo(f"{len(wrong)} counters and lines are wrong")
    context.exit(1 if wrong else 0)


@stats.command()
@click.pass_context
def rebuild(context: click.Context) -> None:
    """Measure what is not measured yet, make the counters anew from the cases, and mend what lines say of them."""
    from civicportal.statistics.repair import make_anew

    make_anew(load_site(context), click.echo)
