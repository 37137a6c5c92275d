"""Requests to other servers, with limits on addresses, time and size.

httpcore follows no redirects, reads no proxies from the environment, and lets us make its connections: to an address
that was checked, without a second lookup of its name. It is imported on first use, because pages send nothing.
"""

import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Self, TypeAlias

from translationstring import TranslationString

from civicportal.core.logging import mask
from civicportal.core.outgoing.addresses import AddressRefused, Network, checked_address, resolve
from civicportal.core.serving.proxies import networks
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site

CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 4.0, 8.0, 10.0
MOST_KEPT = 1024
"""Bytes of an answer that may be stored."""
LONGEST_WAIT = 24 * 3600.0
"""Seconds of ``Retry-After`` that are granted."""


@dataclass(frozen=True, kw_only=True)
class HttpAnswer:
    """The answer to a request, or why there is none.

    :ivar status: None if there was no answer.
    :ivar body: as far as it was read.
    :ivar is_whole: whether the body was read to its end.
    :ivar error: why it failed, also a status other than 2xx; None for a success.
    :ivar was_sent: False if the server cannot have received the request.
    :ivar retry_after: seconds for which the server wants to be left alone.
    """

    status: int | None
    body: bytes = b""
    is_whole: bool = False
    milliseconds: int = 0
    error: TranslationString | None = None
    was_sent: bool = True
    retry_after: float | None = None

    def excerpt(self, *secrets: str) -> str:
        """Return the beginning of the body without numbers of people, control characters and the given texts."""
        text = self.body[:MOST_KEPT].decode("utf-8", "replace")
        for secret in filter(None, secrets):
            text = text.replace(secret, "…")
        return mask("".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text))


class GuardedClient:
    """Send requests over one connection, kept for several; no redirect is followed.

    Addresses of private networks need the setting ``webhooks.private_networks``, those without encryption
    ``webhooks.http``. Use it outside transactions, and close it.

    :cvar Answer: what a request returns.
    :param private: private networks that are allowed.
    :param public: whether public addresses are allowed.
    :param most: bytes of an answer that are read.
    """

    Answer: TypeAlias = HttpAnswer

    def __init__(self, private: Sequence[Network], *, public: bool = True, most: int = 4096) -> None:
        import httpcore

        from civicportal.core.outgoing.network import GuardedNetwork

        self._most = most
        self._network = GuardedNetwork(
            lambda host, port, timeout: resolve(host, port, timeout, private, public=public)
        )
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(), max_connections=1, keepalive_expiry=30, network_backend=self._network
        )

    @classmethod
    def of(cls, site: "Site", *, most: int = 4096) -> Self:
        """Return a client with the settings of a site; a demo sends nothing to other machines."""
        private = networks(site.settings["webhooks"]["private_networks"])
        return cls(private, public=not site.is_demo, most=most)

    @staticmethod
    def checked(site: "Site", address: str) -> str:
        """Return a valid address in its usual form.

        :raises Refused: names what is wrong.
        """
        settings = site.settings["webhooks"]
        return checked_address(address, http=settings["http"], private=networks(settings["private_networks"]))

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()

    def request(
        self,
        method: str,
        address: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        seconds: float = 0,
    ) -> HttpAnswer:
        """Send one request; a failure is an answer too.

        :param seconds: for all of it, from the lookup of the name to the end of the answer; 0 for ten.
        """
        begun = time.monotonic()
        self._network.ends_at = begun + (seconds or TOTAL_SECONDS)
        read = _Reading()
        error: TranslationString | None = None
        was_sent = True
        try:
            self._exchange(method, address, headers, body, read, max(seconds, READ_SECONDS))
        except AddressRefused as refusal:
            error, was_sent = refusal.reason, False
        except Exception as problem:
            was_sent = not _is_about_connecting(problem)
            if read.status is None:
                error = _words(problem)
        if read.status is not None and not 200 <= read.status < 300:
            error = _("The receiver answered with the status ${status}.", mapping={"status": read.status})
        return HttpAnswer(
            status=read.status,
            body=read.body,
            is_whole=read.is_whole,
            milliseconds=int((time.monotonic() - begun) * 1000),
            error=error,
            was_sent=was_sent,
            retry_after=read.retry_after,
        )

    def _exchange(
        self,
        method: str,
        address: str,
        headers: Mapping[str, str],
        body: bytes,
        read: "_Reading",
        silence: float,
    ) -> None:
        timeouts = {
            "connect": CONNECT_SECONDS,
            "read": silence,
            "write": silence,
            "pool": CONNECT_SECONDS,
        }
        with self._pool.stream(
            method, address, headers=list(headers.items()), content=body, extensions={"timeout": timeouts}
        ) as response:
            read.status = response.status
            read.retry_after = _retry_after(response.headers)
            for chunk in response.iter_stream():
                read.body += chunk
                if len(read.body) > self._most:
                    return
            read.is_whole = True


@dataclass
class _Reading:
    """What has been read of an answer so far."""

    status: int | None = None
    retry_after: float | None = None
    body: bytes = field(default=b"")
    is_whole: bool = False


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


def _is_about_connecting(problem: Exception) -> bool:
    """Return whether no byte of the request can have left."""
    import httpcore

    return _is_about_certificate(problem) or isinstance(
        problem, httpcore.ConnectTimeout | httpcore.ConnectError | httpcore.PoolTimeout
    )


def _is_about_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
