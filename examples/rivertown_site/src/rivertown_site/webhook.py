"""Transport of text messages by HTTP: one POST of JSON for each, to the URL in the settings."""

import colander
import httpx

from civicportal.api.notifications import (
    GatewayMisconfigured,
    Message,
    PermanentFailure,
    Receipt,
    TransientFailure,
    UncertainDelivery,
)
from civicportal.api.plugins import Site
from civicportal.api.settings import SettingsSchema, setting

TIMEOUT = 5
"""Seconds: a person who signs in may be waiting for a code behind this one."""


def _http(node: colander.SchemaNode, value: str) -> None:
    if value and not value.startswith(("https://", "http://127.0.0.1:")):
        raise colander.Invalid(node, "must begin with https://")


class Settings(SettingsSchema):
    """``[plugins.site]``.

    :ivar webhook: URL that takes ``{"id", "to", "text"}``, and sends each ``id`` once, however often it gets it. Only the
        status of its answer is read, not the body.
    :ivar token: sent as a bearer token.
    """

    webhook = setting(str, "", validator=_http)
    token = setting(str, "")


def send(message: Message, site: Site) -> Receipt:
    """Send a message.

    The receiver recognises by its ``id`` a message that it has already received, and sends it once. So a message whose
    outcome was uncertain (``maybe_sent``) is posted again. For a receiver that does not, raise ``LookupFailed``
    instead.

    :raises SendError: for every response but a successful one.
    """
    settings = site.plugin_settings["site"]
    if not settings["webhook"]:
        raise GatewayMisconfigured("plugins.site.webhook names no address")
    try:
        # A redirect is not followed: the token is for one address, and a page elsewhere has accepted no message.
        with httpx.stream(
            "POST",
            settings["webhook"],
            json={"id": message.id, "to": message.recipient, "text": message.text},
            headers={"Authorization": f"Bearer {settings['token']}"},
            timeout=TIMEOUT,
        ) as answer:
            status = answer.status_code
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.WriteError, httpx.WriteTimeout) as error:
        # There was no connection, or it did not take the whole of the request.
        raise TransientFailure(str(error)) from None
    except httpx.HTTPError as error:
        raise UncertainDelivery(str(error)) from None
    if 200 <= status < 300:
        return Receipt(provider_id=str(message.id))
    raise _refusal(status)


def _refusal(status: int) -> TransientFailure | GatewayMisconfigured | PermanentFailure:
    """Return the error of a status: retry later, correct the settings, or give this message up."""
    if status < 400 or status in (401, 403, 404):
        return GatewayMisconfigured(f"the webhook answers {status}")
    if status == 429 or status >= 500:
        return TransientFailure(f"the webhook answers {status}")
    return PermanentFailure(f"the webhook answers {status}")
