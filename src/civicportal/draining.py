"""Serving by waitress until SIGTERM, and then to the end of what has been begun.

Waitress itself breaks off: requests that wait for a thread, and those that have not arrived whole, get no answer. Machines
that are upgraded one after the other would lose a request each time.
"""

import logging
import signal
import time
from types import FrameType
from typing import Any

import waitress
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer
from waitress.wasyncore import close_all, loop

log = logging.getLogger(__name__)

DRAIN_SECONDS = 15.0
"""What has not arrived and been answered then is broken off."""
IDLE_SECONDS = 1.0
"""A connection on which nothing has come for so long is closed: a proxy keeps some for later."""
POLL_SECONDS = 0.5


def serve(app: Any, **settings: Any) -> None:
    """Serve an application until SIGTERM or SIGINT; SIGTERM lets what has begun end, a second one does not.

    :param settings: those of waitress.
    """
    sockets: dict[int, Any] = {}
    server = waitress.create_server(app, map=sockets, **settings)
    asked = _Asked()
    signal.signal(signal.SIGTERM, asked)
    try:
        while not asked.to_stop:
            _poll(sockets)
        _drain(sockets)
    except (SystemExit, KeyboardInterrupt):
        log.warning("stopping at once")
    server.task_dispatcher.shutdown()
    close_all(sockets)


class _Asked:
    """What SIGTERM has asked for."""

    def __init__(self) -> None:
        self.to_stop = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if self.to_stop:
            raise SystemExit(0)
        self.to_stop = True


def _poll(sockets: dict[int, Any], seconds: float = POLL_SECONDS) -> None:
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
        listener.handle_accept()
    listener.del_channel()
    listener.socket.close()


def _is_idle(channel: Any) -> bool:
    begun = channel.requests or channel.request is not None or channel.total_outbufs_len
    return not begun and time.time() - channel.last_activity > IDLE_SECONDS


def _all(sockets: dict[int, Any], kind: type) -> list[Any]:
    return [one for one in sockets.values() if isinstance(one, kind)]
