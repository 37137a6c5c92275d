"""``civicportal sms-ir``: manual requests to the provider."""

from collections.abc import Mapping

import click

from civicportal.api.notifications import Message, NotificationService
from civicportal.api.plugins import ConfigurationError, Site, load_site
from civicportal_sms_ir.client import SmsIr
from civicportal_sms_ir.sending import transmit
from civicportal_sms_ir.settings import TABLE, Settings
from civicportal_sms_ir.wording import fields_of, panel_words


@click.group(name="sms-ir")
def sms_ir() -> None:
    """Query credit and lines of sms.ir, or send a test message."""


@sms_ir.command()
@click.pass_context
def credit(context: click.Context) -> None:
    """Show the remaining credit, in messages."""
    click.echo(f"{SmsIr(_site(context)).credit():g}")


@sms_ir.command()
@click.pass_context
def lines(context: click.Context) -> None:
    """Show the lines of the account."""
    for line in SmsIr(_site(context)).lines():
        click.echo(str(line))


@sms_ir.command()
@click.argument("mobile")
@click.option("--text", "key", default="otp.login.short", show_default=True, help="Key of the text to send.")
@click.pass_context
def test(context: click.Context, mobile: str, key: str) -> None:
    """Send a text with sample values to MOBILE."""
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
    site = load_site(context)
    with site.work(write=False) as work:
        texts = work.get(NotificationService).texts
        for key in sorted(site.messages):
            click.echo(panel_form(key, texts.wording(key) or "", texts.values(key, {})))


def panel_form(key: str, wording: str, own: Mapping[str, str]) -> str:
    """Return a text and its line for the settings.

    Its parameters are written ``#NAME#``; the line belongs to ``[plugins.sms_ir.templates]``.

    :param own: placeholders that are constant for the site, and no parameters.
    """
    names = ", ".join(f'{name} = "{name}"' for name in fields_of(wording, own))
    parameters = f", parameters = {{ {names} }}" if names else ""
    return f'{panel_words(wording, own)}\n\n"{key}" = {{ id = 0{parameters} }}\n'


def _site(context: click.Context) -> Site:
    site = load_site(context)
    if not Settings.of(site).api_key:
        raise ConfigurationError(f"{site.path}: {TABLE}.api_key: there is no key")
    return site


def _sample(site: Site, mobile: str, key: str) -> Message:
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
