"""Serving by waitress with graceful shutdown: SIGTERM finishes running requests.

Waitress itself stops at once: requests that wait for a thread, or have not arrived completely, get no answer. Rolling
upgrades would lose a request each time.
"""

import logging
import signal
import time
from functools import partial
from typing import TypeVar
from wsgiref.types import WSGIApplication

import waitress
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer
from waitress.wasyncore import close_all, loop

from civicportal.core.serving.receiving import BodyLimit, RequestParser
from civicportal.core.serving.stopping import StopRequest

log = logging.getLogger(__name__)

DRAIN_SECONDS = 10.0
"""Seconds after which unfinished requests are aborted."""
IDLE_SECONDS = 1.0
"""Seconds after which an idle connection is closed: a proxy keeps some open."""
FRESH_SECONDS = 4.0
"""The same for a new connection without a request, which is given longer."""
Item = TypeVar("Item")
POLL_SECONDS = 0.5


def serve(app: WSGIApplication, *, body_limit: BodyLimit | None = None, **settings: object) -> None:
    """Serve an application until SIGTERM, which lets running requests finish, or SIGINT, which does not.

    :param body_limit: the body limit of the application by path and content type; None if it has none.
    :param settings: those of waitress.
    """
    sockets: dict[int, object] = {}
    server = waitress.create_server(app, map=sockets, **settings)
    server.print_listen("Serving on http://{}:{}")
    for listener in _all(sockets, BaseWSGIServer):
        listener.channel_class = partial(Channel, body_limit)
    # Several signals may come: a service manager signals every process of a server, and the parent its children.
    asked = StopRequest(signal.SIGTERM)
    try:
        while not asked.wait():
            _poll(sockets, POLL_SECONDS)
        _drain(sockets)
    except KeyboardInterrupt:
        log.warning("stopping at once")
    server.task_dispatcher.shutdown()
    close_all(sockets)


class Channel(HTTPChannel):
    """A connection that refuses requests with too large bodies."""

    def __init__(self, body_limit: BodyLimit | None, *more: object, **named: object) -> None:
        self.parser_class = partial(RequestParser, body_limit)
        super().__init__(*more, **named)


def _poll(sockets: dict[int, object], seconds: float) -> None:
    loop(timeout=seconds, use_poll=True, map=sockets, count=1)


def _drain(sockets: dict[int, object]) -> None:
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


def _close(listener: BaseWSGIServer) -> None:
    """Accept the connections in the backlog, then close the socket."""
    before = -1
    while len(listener.active_channels) > before:
        before = len(listener.active_channels)
        BaseWSGIServer.handle_accept(listener)
    listener.del_channel()
    listener.socket.close()


def _is_idle(channel: HTTPChannel) -> bool:
    begun = channel.requests or channel.request is not None or channel.total_outbufs_len
    is_fresh = channel.last_activity == channel.creation_time
    longest = FRESH_SECONDS if is_fresh else IDLE_SECONDS
    return not begun and time.time() - channel.last_activity > longest


def _all(sockets: dict[int, object], kind: type[Item]) -> list[Item]:
    return [one for one in sockets.values() if isinstance(one, kind)]
