"""``civicportal sms-ir``: manual requests to the provider. The portal is imported on use, not for ``--help``."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from civicportal.api.notifications import Message
    from civicportal.api.plugins import Site
    from civicportal_sms_ir.client import SmsIr


@click.group(name="sms-ir")
def sms_ir() -> None:
    """Query credit and lines of sms.ir, or send a test message."""


@sms_ir.command()
@click.pass_context
def credit(context: click.Context) -> None:
    """Show the remaining credit, in messages."""
    click.echo(f"{_client(context).credit():g}")


@sms_ir.command()
@click.pass_context
def lines(context: click.Context) -> None:
    """Show the lines of the account."""
    for line in _client(context).lines():
        click.echo(str(line))


@sms_ir.command()
@click.argument("mobile")
@click.option("--text", "key", default="otp.login.short", show_default=True, help="Key of the text to send.")
@click.pass_context
def test(context: click.Context, mobile: str, key: str) -> None:
    """Send a text with sample values to MOBILE."""
    from civicportal_sms_ir.sending import transmit

    site = _site(context)
    if key not in site.messages:
        raise click.BadParameter(f"no text {key!r}; the texts are {', '.join(sorted(site.messages))}")
    number = transmit(_sample(site, site.country.normalize_mobile(mobile), key), site)
    click.echo(f"sent, number {number}" if number else "sent")


@sms_ir.command()
@click.pass_context
def templates(context: click.Context) -> None:
    """Show each text in the panel's format, and its line for site.toml.

    The id of the template must be added to the line.
    """
    from civicportal.api.notifications import NotificationService
    from civicportal.api.plugins import load_site
    from civicportal_sms_ir.wording import panel_form

    site = load_site(context)
    with site.work(write=False) as work:
        texts = work.get(NotificationService).texts
        for key in sorted(site.messages):
            click.echo(panel_form(key, texts.wording(key) or "", texts.values(key, {})))


def _client(context: click.Context) -> "SmsIr":
    from civicportal_sms_ir.client import SmsIr

    return SmsIr(_site(context))


def _site(context: click.Context) -> "Site":
    from civicportal.api.plugins import ConfigurationError, load_site
    from civicportal_sms_ir.settings import TABLE, Settings

    site = load_site(context)
    if not Settings.of(site).api_key:
        raise ConfigurationError(f"{site.path}: {TABLE}.api_key: there is no key")
    return site


def _sample(site: "Site", mobile: str, key: str) -> "Message":
    from civicportal.api.notifications import Message, NotificationService

    with site.work(write=False) as work:
        texts = work.get(NotificationService).texts
        return Message(
            id=0,
            kind=key,
            lane="codes",
            recipient=mobile,
            text=texts.sample(key),
            fields=texts.sample_values(key),
            locale=site.locale,
        )
