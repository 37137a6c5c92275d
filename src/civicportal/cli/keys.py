"""``civicportal keys``: encryption keys."""

from typing import TYPE_CHECKING

import click

from civicportal.cli.options import assemble_site, load_site

if TYPE_CHECKING:
    from civicportal.core.site import Site


@click.group()
def keys() -> None:
    """Administer the encryption keys of personal data."""


@keys.command()
@click.pass_context
def status(context: click.Context) -> None:
    """Count the values encrypted with each key.

    Exits with 1 while an older key is still needed.
    """
    context.exit(1 if _left(assemble_site(context)) else 0)


@keys.command()
@click.pass_context
def rotate(context: click.Context) -> None:
    """Re-encrypt values of older keys with the newest one.

    It may be interrupted and repeated.

    Exit code 1: an older key is still needed.
    """
    from civicportal.domain.ownership import retire_keys
    from civicportal.domain.privacy import rotation

    site = load_site(context)
    written = rotation.rotate(site, lambda column, number: click.echo(f"{column}: {number}"))
    click.echo(f"{written} values re-encrypted")
    if _left(site):
        context.exit(1)
    retire_keys(site)


@keys.command()
@click.confirmation_option(prompt="What the lost secrets have sealed stays unreadable. Go on?")
@click.pass_context
def adopt(context: click.Context) -> None:
    """Accept the secrets in the settings as the portal's.

    Use it when the earlier ones are permanently lost.
    """
    from civicportal.domain.ownership import adopt_secrets

    adopt_secrets(assemble_site(context))
    click.echo("The portal starts with these secrets from now on. Look it over: civicportal check")


def _left(site: "Site") -> int:
    """Show the values of each key; return the number of outdated ones."""
    from civicportal.domain.privacy.rotation import count_sealed

    with site.work(write=False) as work:
        counts = count_sealed(work)
    for count in counts:
        lost = f", {count.lost} by a key that is missing" if count.lost else ""
        click.echo(f"{count.column}: {count.newest} by the newest key, {count.older} by an older one{lost}")
    left = sum(count.older + count.lost for count in counts)
    click.echo(f"{left} left" if left else "0 left: older keys may be removed from pii_keys")
    return left
