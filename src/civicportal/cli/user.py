"""``civicportal user``: people who work here, made from the command line because somebody must be the first."""

import click

from civicportal.cli.options import load_site


@click.group()
def user() -> None:
    """Add members of staff."""


@user.command()
@click.option("--name", prompt="First and last name")
@click.option("--username", prompt="User name")
@click.option("--mobile", prompt="Mobile")
@click.option("--role", default="administrator", show_default=True, prompt="Role")
@click.option(
    "--password",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    envvar="CIVICPORTAL_PASSWORD",
    help="Better asked for or given in $CIVICPORTAL_PASSWORD: a command line can be read by others.",
)
@click.pass_context
def add(context: click.Context, name: str, username: str, mobile: str, role: str, password: str) -> None:
    """Add a member of staff with one role; what is not given is asked for."""
    from civicportal.accounts.services import AccountService
    from civicportal.countries import InvalidMobile

    site = load_site(context)
    try:
        number = site.country.normalize_mobile(mobile)
    except InvalidMobile as error:
        raise click.BadParameter(mobile, param_hint="--mobile") from error
    with site.work() as work:
        AccountService(work).create_staff(
            username=username, name=name, mobile=number, password=password, role_key=role
        )
    click.echo(f"{username} may sign in at {site.public_url}/staff/login")
