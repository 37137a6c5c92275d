"""Serving by waitress until SIGTERM, and then to the end of what has been begun.

Waitress itself breaks off: requests that wait for a thread, and those that have not arrived whole, get no answer. Machines
that are upgraded one after the other would lose a request each time.
"""

import logging
import signal
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import waitress
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer
from waitress.wasyncore import close_all, loop

from civicportal.core.serving.balance import STEP, Share, Turn
from civicportal.core.serving.garbage import collect_after_request, collect_between_requests
from civicportal.core.serving.receiving import BodyLimit, RequestParser
from civicportal.core.serving.stopping import StopRequest

log = logging.getLogger(__name__)

DRAIN_SECONDS = 10.0
"""What has not arrived and been answered then is broken off."""
IDLE_SECONDS = 1.0
"""A connection on which nothing has come for so long is closed: a proxy keeps some for later."""
FRESH_SECONDS = 4.0
"""One on which nothing has come yet is given longer: somebody has just opened it to ask something."""
POLL_SECONDS = 0.5


def serve(
    app: Any, *, share: Share | None = None, body_limit: BodyLimit | None = None, **settings: Any
) -> None:
    """Serve an application until SIGTERM, which finishes running requests, or SIGINT, which does not.

    :param share: the accept share of one of several processes on a socket; None for a single process.
    :param body_limit: the body limit of the application by path and content type; None if it has none.
    :param settings: those of waitress.
    """
    sockets: dict[int, Any] = {}
    server = waitress.create_server(app, map=sockets, **settings)
    collect_between_requests()
    server.print_listen("Serving on http://{}:{}")
    listeners = _all(sockets, BaseWSGIServer)
    turn = Turn(listeners[0], share) if share else None
    for listener in listeners:
        note = turn.note if turn else lambda: None
        listener.channel_class = partial(Channel, note, partial(RequestParser, body_limit))
    # More than one may come: a service manager tells every process of a server, and the first of them its children.
    asked = StopRequest(signal.SIGTERM)
    try:
        while not asked.wait():
            _poll(sockets, STEP if turn and turn.waits else POLL_SECONDS)
            if turn:
                turn.look()
        _drain(sockets)
    except KeyboardInterrupt:
        log.warning("stopping at once")
    server.task_dispatcher.shutdown()
    close_all(sockets)


class Channel(HTTPChannel):
    """A connection whose requests clean up after their response.

    :param note: called after each response.
    :param parser: the class that parses requests.
    """

    has_answered = False

    def __init__(
        self, note: Callable[[], None], parser: Callable[[Any], RequestParser], *more: Any, **named: Any
    ) -> None:
        self._note = note
        self.parser_class = parser
        super().__init__(*more, **named)

    @property
    def weight(self) -> int:
        """Return one while it rests between two requests, two while something is asked or is about to be."""
        return 1 if self.has_answered and not self.requests else 2

    def service(self) -> None:
        """Answer one request."""
        super().service()
        self.has_answered = True
        self._note()
        if not any(channel.requests for channel in list(self.server.active_channels.values())):
            collect_after_request()


def _poll(sockets: dict[int, Any], seconds: float) -> None:
    loop(timeout=seconds, use_poll=True, map=sockets, count=1)


def _drain(sockets: dict[int, Any]) -> None:
    ends = time.monotonic() + DRAIN_SECONDS
    for listener in _all(sockets, BaseWSGIServer):
        _close(listener)
    while _all(sockets, HTTPChannel) and time.monotonic() < ends:
        for channel in _all(sockets, HTTPChannel):
            if _is_idle(channel):
                channel.will_close = True
        _poll(sockets, 0.1)
    left = len(_all(sockets, HTTPChannel))
    if left:
        log.warning("%d requests are broken off", left)


def _close(listener: Any) -> None:
    """Take the connections that stand in the queue already, then listen no more."""
    before = -1
    while len(listener.active_channels) > before:
        before = len(listener.active_channels)
        BaseWSGIServer.handle_accept(listener)
    listener.del_channel()
    listener.socket.close()


def _is_idle(channel: Any) -> bool:
    begun = channel.requests or channel.request is not None or channel.total_outbufs_len
    is_fresh = channel.last_activity == channel.creation_time
    longest = FRESH_SECONDS if is_fresh else IDLE_SECONDS
    return not begun and time.time() - channel.last_activity > longest


def _all(sockets: dict[int, Any], kind: type) -> list[Any]:
    return [one for one in sockets.values() if isinstance(one, kind)]
