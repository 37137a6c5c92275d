"""One HTTP exchange with a total timeout.

The client library is imported on first use: it takes six megabytes, and processes that serve pages send nothing.
"""

import logging
import ssl
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from civicportal.api.notifications import GatewayMisconfigured, SendError, TransientFailure, UncertainDelivery
from civicportal_sms_ir.i18n import _

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

TIMEOUT = 5.0
"""Total seconds: name lookup, connecting, TLS, sending, receiving."""
MOST_BYTES = 2 << 20


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """A request.

    :ivar direct: ignore proxies in the environment.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: object = None
    query: Mapping[str, int | str] | None = None
    direct: bool = False


@dataclass(frozen=True, kw_only=True)
class HttpResponse:
    """A response."""

    code: int
    headers: Mapping[str, str]
    content: bytes


class _Abandoned(Exception):
    """The timeout expired before anything was sent; now nothing may be sent."""


class _Exchange:
    """An exchange in its own thread, because a name lookup has no timeout."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._lock = threading.Lock()
        self._is_abandoned = False
        #: Whether the provider may have received anything.
        self.has_begun = False
        self.answer: Future[HttpResponse] = Future()

    def run(self) -> None:
        try:
            self.answer.set_result(self._ask())
        except Exception as error:
            self.answer.set_exception(error)

    def abandon(self) -> None:
        with self._lock:
            self._is_abandoned = True

    def _ask(self) -> HttpResponse:
        import httpx

        request = self._request
        client = httpx.Client(
            verify=_tls() if request.url.startswith("https:") else False,
            trust_env=not request.direct,
            follow_redirects=False,
            timeout=TIMEOUT,
        )
        with (
            client,
            client.stream(
                request.method,
                request.url,
                headers=request.headers,
                params=request.query,
                json=request.body,
                extensions={"trace": self._trace},
            ) as response,
        ):
            return HttpResponse(code=response.status_code, headers=response.headers, content=_read(response))

    def _trace(self, event: str, _: object) -> None:
        if event.endswith("send_request_headers.started"):
            with self._lock:
                if self._is_abandoned:
                    raise _Abandoned
                self.has_begun = True


def exchange(request: HttpRequest) -> HttpResponse:
    """Send a request and return the response, whatever its status.

    A connection is used once: a kept one may be dead, and it would be unknown whether a message written to it was
    sent.

    :raises TransientFailure: when the provider cannot have received the request.
    :raises UncertainDelivery: when it may have.
    :raises GatewayMisconfigured: when the server's certificate is invalid.
    """
    import httpx

    running = _Exchange(request)
    threading.Thread(target=running.run, name="sms_ir", daemon=True).start()
    try:
        return running.answer.result(TIMEOUT)
    except (TimeoutError, httpx.TimeoutException):
        # Both timeouts are equal; either may be detected first.
        running.abandon()
        raise _no_answer(running, _("the provider did not answer in time")) from None
    except httpx.HTTPError as error:
        if _is_about_certificate(error):
            raise GatewayMisconfigured(_("the certificate of the provider is not valid")) from error
        log.info("no answer: %s", type(error).__name__)
        raise _no_answer(running, _("the connection to the provider broke off")) from error


def _no_answer(running: _Exchange, words: str) -> SendError:
    return (
        UncertainDelivery(words) if running.has_begun else TransientFailure(_("the provider was not reached"))
    )


def _read(response: "httpx.Response") -> bytes:
    content = b""
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > MOST_BYTES:
            break
    return content


def _is_about_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


@cache
def _tls() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()
