"""What the city of Rivertown adds in code: its country, and its way to send text messages."""

from collections.abc import Iterable

from civicportal.api.localization import Country
from civicportal.api.notifications import Message, Receipt
from civicportal.api.plugins import Site, hookimpl
from rivertown_site import webhook
from rivertown_site.country import Riverland


@hookimpl
def register_countries() -> Iterable[Country]:
    """Bring the country that the city lies in."""
    return (Riverland(),)


@hookimpl
def register_settings() -> webhook.Settings:
    """Return the schema of ``[plugins.site]``."""
    return webhook.Settings()


@hookimpl
def send_message(message: Message, site: Site) -> Receipt:
    """Send by the webhook."""
    return webhook.send(message, site)
