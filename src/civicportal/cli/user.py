"""``civicportal user``: staff accounts, including the first administrator's."""

import getpass
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from civicportal.cli.options import load_site

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work
    from civicportal.domain.accounts.models import Role, User


@click.group()
def user() -> None:
    """Add members of staff, enable and disable accounts, create links."""


@user.command()
@click.option("--name", prompt="First and last name")
@click.option("--username", prompt="User name")
@click.option("--mobile", prompt="Mobile")
@click.option("--role", "role_key", default="administrator", show_default=True, prompt="Role")
@click.option(
    "--password",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    envvar="CIVICPORTAL_PASSWORD",
    help="Better asked for or given in $CIVICPORTAL_PASSWORD: a command line can be read by others.",
)
@click.pass_context
def add(context: click.Context, name: str, username: str, mobile: str, role_key: str, password: str) -> None:
    """Add a member of staff with one role.

    Prompts for missing values.
    """
    from civicportal.domain.accounts.memberships import MembershipService
    from civicportal.domain.accounts.services import AccountService

    site = load_site(context)
    number = _mobile(site, mobile)
    with site.work() as work:
        accounts = work.get(AccountService)
        role = _role(work, role_key)
        if accounts.by_username(username):
            raise click.BadParameter(f"{username!r} is taken", param_hint="--username")
        member = accounts.create_staff(username=username, name=name, mobile=number, password=None)
        _check_password(site, password, accounts.password_words(member))
        accounts.set_password(member, password)
        work.get(MembershipService).give(member, role)
    click.echo(f"{username} may sign in at {site.public_url}/staff/login")


@user.command()
@click.option("--name", prompt="First and last name")
@click.option("--username", prompt="User name")
@click.option("--mobile", prompt="Mobile")
@click.option("--role", "role_key", prompt="Role")
@click.pass_context
def invite(context: click.Context, name: str, username: str, mobile: str, role_key: str) -> None:
    """Print an invitation link.

    It is valid once, within 24 hours, with a code sent to the mobile.
    """
    from civicportal.domain.accounts.invitations import InvitationService, Scope

    site = load_site(context)
    number = _mobile(site, mobile)
    with site.work() as work:
        scopes = [Scope(role=_role(work, role_key))]
        _invitation, token = work.get(InvitationService).invite(
            username=username, name=name, mobile=number, scopes=scopes
        )
    click.echo(f"{site.public_url}/staff/invite/{token}")


@user.command()
@click.argument("username")
@click.pass_context
def reset(context: click.Context, username: str) -> None:
    """Print a password link for a member of staff."""
    from civicportal.domain.accounts.invitations import InvitationService

    site = load_site(context)
    with site.work() as work:
        _invitation, token = work.get(InvitationService).reset(_member(work, username))
    click.echo(f"{site.public_url}/staff/reset/{token}")


@user.command()
@click.argument("username")
@click.pass_context
def rescue(context: click.Context, username: str) -> None:
    """Print a link for a member of staff who cannot sign in.

    It is valid once, within 30 minutes, and needs no code by SMS: the person chooses a new password, their passkeys,
    authenticator app and recovery codes are removed, and they set up a new factor. The person is notified by SMS, and
    the audit trail records who created the link.
    """
    from civicportal.domain.accounts.invitations import InvitationService
    from civicportal.util.errors import Refused

    site = load_site(context)
    try:
        with site.work() as work:
            token = work.get(InvitationService).rescue(_member(work, username), operator=_operator())
    except Refused as refusal:
        raise click.ClickException(site.localizer("en").translate(refusal.reason)) from refusal
    click.echo(f"{site.public_url}/staff/rescue/{token}")
    click.echo(f"For {username} alone, once, within 30 minutes. Hand it over in person.", err=True)


@user.command()
@click.argument("username")
@click.pass_context
def disable(context: click.Context, username: str) -> None:
    """Disable an account and end its sessions at once."""
    from civicportal.domain.accounts.members import MemberService

    with load_site(context).work() as work:
        work.get(MemberService).disable(_member(work, username))
    click.echo(f"{username} is disabled; pass on the open cases at /admin/members")


@user.command()
@click.argument("username")
@click.pass_context
def enable(context: click.Context, username: str) -> None:
    """Enable a disabled account again."""
    from civicportal.domain.accounts.members import MemberService

    with load_site(context).work() as work:
        work.get(MemberService).enable(_member(work, username))
    click.echo(f"{username} may sign in again")


def _operator() -> str:
    """Return the user of the operating system, the calling one under sudo."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # the user of a container may have no entry in passwd
        name = str(os.getuid())
    behind = os.environ.get("SUDO_USER", "")
    return f"{name} ({behind})" if behind and behind != name else name


def _member(work: "Work", username: str) -> "User":
    from civicportal.domain.accounts.services import AccountService

    member = work.get(AccountService).by_username(username)
    if member is None:
        raise click.BadParameter(f"there is no member of staff {username!r}", param_hint="USERNAME")
    return member


def _mobile(site: "Site", mobile: str) -> str:
    from civicportal.util.countries import InvalidMobile

    try:
        return site.country.normalize_mobile(mobile)
    except InvalidMobile as error:
        raise click.BadParameter(f"{mobile!r} is not a mobile number", param_hint="--mobile") from error


def _check_password(site: "Site", password: str, words: Iterable[str]) -> None:
    from civicportal.domain.accounts.passwords import STAFF_MINIMUM, check_password_policy

    problem = check_password_policy(password, minimum=STAFF_MINIMUM, words=words)
    if problem:
        raise click.BadParameter(site.localizer("en").translate(problem), param_hint="--password")


def _role(work: "Work", key: str) -> "Role":
    from sqlalchemy import select

    from civicportal.domain.accounts.models import Role
    from civicportal.domain.accounts.roles import RoleService

    if key == "administrator":
        return work.get(RoleService).ensure_administrator()
    role = work.session.scalar(select(Role).where(Role.key == key))
    if role is None:
        # The key of a role created in the browser is shown on no page.
        roles = work.session.execute(select(Role.key, Role.title).order_by(Role.key))
        known = ", ".join(f"{key} ({title})" for key, title in roles)
        raise click.BadParameter(
            f"there is no role {key!r}; there are {known or 'none yet'}", param_hint="--role"
        )
    return role
