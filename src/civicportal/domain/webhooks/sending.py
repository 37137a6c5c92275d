"""Requests to the addresses of webhooks.

httpcore follows no redirects, reads no proxies from the environment, and lets us make its connections: to an address
that was checked, without a second lookup of its name. It is imported on first use, because pages send nothing.
"""

import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING

from translationstring import TranslationString

from civicportal.core.logging import mask
from civicportal.domain.webhooks.addresses import AddressRefused, Network, resolve
from civicportal.domain.webhooks.signing import PREFIX
from civicportal.util.i18n import _

if TYPE_CHECKING:
    import httpcore

CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 4.0, 8.0, 10.0
MOST_READ = 4096
"""Bytes of an answer that are read; the connection is closed if there are more."""
MOST_KEPT = 1024
"""Bytes of an answer that are stored."""
LONGEST_WAIT = 24 * 3600.0
"""Seconds of ``Retry-After`` that are granted."""


@dataclass(frozen=True, kw_only=True)
class SendResult:
    """The result of one request.

    :ivar at: when it was sent.
    :ivar status: of the answer; None if there was none.
    :ivar error: why it failed; None for a success.
    :ivar answer: beginning of the answer's body, as it may be stored.
    :ivar retry_after: seconds for which the receiver wants to be left alone.
    """

    at: datetime
    status: int | None
    milliseconds: int
    error: TranslationString | None = None
    answer: str = ""
    retry_after: float | None = None

    @property
    def is_gone(self) -> bool:
        """Return whether the receiver wants no events any more."""
        return self.status == 410

    @property
    def is_about_receiver(self) -> bool:
        """Return whether the next event would meet the same failure: no answer, too many requests, overload."""
        return self.error is not None and (self.status is None or self.status in (410, 429, 502, 503, 504))


class WebhookConnection:
    """A connection to one address, kept for several events.

    :param private: private networks that are allowed.
    :param public: whether public addresses are allowed.
    """

    def __init__(self, address: str, private: Sequence[Network], *, public: bool = True) -> None:
        import httpcore

        from civicportal.domain.webhooks.network import GuardedNetwork

        self.address = address
        self._network = GuardedNetwork(
            lambda host, port, timeout: resolve(host, port, timeout, private, public=public)
        )
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(), max_connections=1, keepalive_expiry=30, network_backend=self._network
        )

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()

    def send(
        self, headers: Mapping[str, str], body: bytes, at: datetime, secrets: Sequence[str] = ()
    ) -> SendResult:
        """Send one event; a failure is a result too.

        :param at: the present time.

        :param secrets: texts that must not be stored if the receiver repeats them.
        """
        begun = time.monotonic()
        status, answer, retry_after = None, b"", None
        error: TranslationString | None = None
        try:
            with self._post(headers, body) as response:
                status = response.status
                retry_after = _retry_after(response.headers)
                answer = _beginning(response)
        except AddressRefused as refusal:
            error = refusal.words
        except Exception as problem:
            if status is None:
                error = _words(problem)
        if status is not None and not 200 <= status < 300:
            error = _("The receiver answered with the status ${status}.", mapping={"status": status})
        return SendResult(
            at=at,
            status=status,
            milliseconds=int((time.monotonic() - begun) * 1000),
            error=error,
            answer=storable(answer, secrets),
            retry_after=retry_after,
        )

    @contextmanager
    def _post(self, headers: Mapping[str, str], body: bytes) -> "Iterator[httpcore.Response]":
        self._network.ends_at = time.monotonic() + TOTAL_SECONDS
        timeouts = {
            "connect": CONNECT_SECONDS,
            "read": READ_SECONDS,
            "write": READ_SECONDS,
            "pool": CONNECT_SECONDS,
        }
        with self._pool.stream(
            "POST",
            self.address,
            headers=list(headers.items()),
            content=body,
            extensions={"timeout": timeouts},
        ) as response:
            yield response


def storable(answer: bytes, secrets: Sequence[str] = ()) -> str:
    """Return the beginning of an answer without secrets, numbers of people and control characters."""
    text = answer[:MOST_KEPT].decode("utf-8", "replace")
    for secret in secrets:
        text = text.replace(secret, "…").replace(secret.removeprefix(PREFIX), "…")
    return mask("".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text))


def _beginning(response: "httpcore.Response") -> bytes:
    content = b""
    for chunk in response.iter_stream():
        content += chunk
        if len(content) > MOST_READ:
            break
    return content


def _retry_after(headers: Sequence[tuple[bytes, bytes]]) -> float | None:
    value = next((value for name, value in headers if name.lower() == b"retry-after"), b"")
    text = value.decode("ascii", "replace").strip()
    if text.isdecimal():
        seconds = float(text[:12])
    else:
        try:
            moment = parsedate_to_datetime(text)
            seconds = (moment - datetime.now(moment.tzinfo)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _words(problem: Exception) -> TranslationString:
    import httpcore

    if _is_about_certificate(problem):
        return _("The certificate of the receiver is not valid.")
    if isinstance(problem, httpcore.ConnectTimeout | httpcore.ConnectError):
        return _("The receiver could not be reached.")
    if isinstance(problem, httpcore.TimeoutException):
        return _("The receiver did not answer in time.")
    if isinstance(problem, httpcore.ProtocolError):
        return _("The receiver did not answer as HTTP demands.")
    return _("The connection to the receiver broke off.")


def _is_about_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
