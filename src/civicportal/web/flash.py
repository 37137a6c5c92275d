"""Flash messages in a short signed cookie, by the part of Pyramid's session interface that the portal needs.

All other session data is on the server; see :mod:`civicportal.domain.accounts`.
"""

import base64
import json

from pyramid.config import Configurator
from pyramid.interfaces import ISession
from pyramid.response import Response
from zope.interface import implementer

from civicportal.core.crypto import same
from civicportal.web.request import Request

COOKIE = "cp_flash"
LONGEST = 3000
"""Bytes; browsers allow 4096."""
FlashMessage = str | dict[str, str]
"""A translated text, or a dictionary whose keys depend on the queue: ``text``, ``url`` and ``title`` for a message with
a button."""


@implementer(ISession)
class FlashSession(dict[str, object]):
    """Messages by queue until a page has shown them."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self._request = request
        self._queues: dict[str, list[FlashMessage]] = self._read()
        self.created = 0
        self.new = False
        request.add_response_callback(self._write)
        self._before = self._encoded()

    def flash(self, message: FlashMessage, queue: str = "", allow_duplicate: bool = True) -> None:
        """Add a message to a queue.

        :param message: a translated text, or a dictionary whose keys depend on the queue.
        :param allow_duplicate: add it even if the queue contains it.
        """
        messages = self._queues.setdefault(queue, [])
        if allow_duplicate or message not in messages:
            messages.append(message)

    def pop_flash(self, queue: str = "") -> list[FlashMessage]:
        """Return the messages of a queue and remove them."""
        return self._queues.pop(queue, [])

    def peek_flash(self, queue: str = "") -> list[FlashMessage]:
        """Return the messages of a queue."""
        return self._queues.get(queue, [])

    def changed(self) -> None:
        """Do nothing: the cookie is written with every response that needs it."""

    def invalidate(self) -> None:
        """Remove all messages."""
        self._queues.clear()

    def _read(self) -> dict[str, list[FlashMessage]]:
        signature, _, payload = self._request.cookies.get(cookie_name(self._request), "").partition(".")
        if not payload or not same(signature, self._sign(payload)):
            return {}
        return dict(json.loads(base64.urlsafe_b64decode(payload)))

    def _sign(self, payload: str) -> str:
        return str(self._request.registry.site.keys.mac("flash", payload).hex())

    def _write(self, request: Request, response: Response) -> None:
        payload = self._payload()
        if payload == self._before:
            return
        response.set_cookie(
            cookie_name(request),
            f"{self._sign(payload)}.{payload}" if self._queues else "",
            max_age=None if self._queues else 0,
            path="/",
            # Browsers delete a cookie with this prefix only if the attributes are the same.
            secure=request.registry.site.is_production,
            httponly=True,
            samesite="Lax",
        )

    def _payload(self) -> str:
        """Return the value of the cookie, without the oldest messages of the longest queue if it would be too long."""
        while len(payload := self._encoded()) >= LONGEST:
            queue = max(self._queues, key=lambda name: len(json.dumps(self._queues[name])))
            del self._queues[queue][0]
            if not self._queues[queue]:
                del self._queues[queue]
        return payload

    def _encoded(self) -> str:
        return base64.urlsafe_b64encode(json.dumps(self._queues).encode()).decode()


def cookie_name(request: Request) -> str:
    """Return the name of the cookie."""
    return f"__Host-{COOKIE}" if request.registry.site.is_production else COOKIE


def includeme(config: Configurator) -> None:
    """Make ``request.session`` hold flash messages."""
    config.set_session_factory(FlashSession)
