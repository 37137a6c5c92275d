"""``civicportal audit``: seals of the audit trail and of case histories."""

import click

from civicportal.cli.options import load_site


@click.group()
def audit() -> None:
    """Verify the audit trail, and print its newest seal."""


@audit.command()
@click.option(
    "--anchor", metavar="SEAL:HASH", help="What `audit anchor` once printed: finds a cut-off end too."
)
@click.pass_context
def verify(context: click.Context, anchor: str | None) -> None:
    """Exit with 1 when anything was changed after it was sealed."""
    from civicportal.domain.audit.seals import SealService

    with load_site(context).work(write=False) as work:
        found = work.get(SealService).verify(anchor=_anchor(anchor))
    for flaw in found.flaws:
        click.echo(f"seal {flaw.seal} of {flaw.source}: {flaw.problem.interpolate()}")
    click.echo(f"{found.seals} seals over {found.rows} rows, {len(found.flaws)} flaws")
    context.exit(1 if found.flaws else 0)


@audit.command()
@click.pass_context
def anchor(context: click.Context) -> None:
    """Print the newest seal.

    Store it on another machine: truncating the trail also removes its seal.
    """
    from civicportal.domain.audit.seals import SealService

    with load_site(context).work(write=False) as work:
        last = work.get(SealService).last()
    click.echo(last.anchor if last else "nothing is sealed yet")


def _anchor(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    number, colon, hash_ = text.partition(":")
    if not colon or not number.isdecimal():
        raise click.BadParameter("must look like 17:9f86d0…", param_hint="--anchor")
    return int(number), hash_.replace("-", "")
