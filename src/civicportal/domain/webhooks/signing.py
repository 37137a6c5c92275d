"""Signatures of the specification Standard Webhooks (https://www.standardwebhooks.com)."""

import base64
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

PREFIX = "whsec_"
_BYTES = 32


def new_secret() -> str:
    """Return a new secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def signed_headers(keys: Iterable[str], event_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers of a request.

    :param keys: the valid secrets; receivers accept the signature of any of them.
    :param at: time of this attempt.
    """
    seconds = str(int(at.timestamp()))
    text = b".".join((event_id.encode(), seconds.encode(), body))
    signatures = (hmac.digest(base64.b64decode(key.removeprefix(PREFIX)), text, "sha256") for key in keys)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in signatures),
    }
