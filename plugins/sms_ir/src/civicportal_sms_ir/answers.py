"""Parsing of the provider's responses, including those of proxies."""

import json
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from civicportal.api.notifications import PermanentFailure, SendError, UncertainDelivery
from civicportal_sms_ir.exchange import HttpResponse
from civicportal_sms_ir.i18n import _
from civicportal_sms_ir.statuses import NO_SUCH_MESSAGE, OK, error_of_code, error_of_status


class NoSuchMessage(PermanentFailure):
    """The provider has no message with this id."""


def read(answer: HttpResponse, now: datetime) -> Any:
    """Return the ``data`` of a response.

    :raises SendError: for its status; without one, for its HTTP status.
    """
    wait = retry_after(answer.headers, now)
    try:
        envelope = json.loads(answer.content)
        status, data = envelope["status"], envelope["data"]
    except (ValueError, TypeError, KeyError, RecursionError):
        # The page of a proxy, a truncated response, or the framework's "problem details", which have no data.
        raise error_of_code(answer.code, wait) from None
    if not isinstance(status, int):
        raise error_of_code(answer.code, wait)
    if status != OK:
        raise _error(status, wait)
    if answer.code != 200:
        raise UncertainDelivery(_("HTTP ${code}, but a status of success", mapping={"code": answer.code}))
    return data


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds of ``Retry-After`` or, as a timestamp, of ``X-Rate-Limit-Reset``."""
    wait, reset = headers.get("Retry-After", ""), headers.get("X-Rate-Limit-Reset", "")
    if wait.isascii() and wait.isdigit():
        return float(wait)
    try:
        until = parsedate_to_datetime(wait) if wait else datetime.fromisoformat(reset)
        return max((until - now).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None


def _error(status: int, wait: float | None) -> SendError:
    error = error_of_status(status, wait)
    return NoSuchMessage(error.words) if status == NO_SUCH_MESSAGE else error
