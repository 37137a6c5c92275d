"""Hooks of the site: its country, and its transport of text messages."""

from collections.abc import Iterable

from civicportal.api.localization import Country
from civicportal.api.notifications import Message, Receipt
from civicportal.api.plugins import Site, hookimpl
from rivertown_site import webhook
from rivertown_site.country import Riverland


@hookimpl
def register_countries() -> Iterable[Country]:
    """Return the country of the city."""
    return (Riverland(),)


@hookimpl
def register_settings() -> webhook.Settings:
    """Return the schema of ``[plugins.site]``."""
    return webhook.Settings()


@hookimpl
def send_message(message: Message, site: Site) -> Receipt:
    """Send a message by the webhook."""
    return webhook.send(message, site)
