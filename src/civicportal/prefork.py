"""Several processes that serve one listening socket: forked from an assembled application, started again when they die."""

import gc
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from types import FrameType

log = logging.getLogger(__name__)

LOOK = 0.5
"""Seconds between two looks at the processes."""
TOO_SOON = 2.0
"""Seconds within which a process that dies has not really begun; the next one waits so long."""
STOP_SECONDS = 20.0
"""Until then a process has answered what it had begun."""


class Prefork:
    """Keeps some processes alive until SIGTERM or SIGINT.

    :param number: of processes.
    :param serve: what each of them does, until SIGTERM tells it to end; it is given its place among them, from 0 on.
    :param listening: the socket that all of them accept from.
    """

    def __init__(self, number: int, serve: Callable[[int], None], listening: socket.socket) -> None:
        self._listening = listening
        self._serve = serve
        self._number = number
        self._children: dict[int, tuple[int, float]] = {}
        # Who holds the writing end is the parent alone: when it is gone, the children read its end.
        self._alive, self._parent = os.pipe()

    def run(self) -> None:
        """Serve; what this process has opened before, such as connections, the children must not use."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        # What is there now is shared by all; the collector must not touch it.
        gc.collect()
        gc.freeze()
        try:
            for place in range(self._number):
                self._start(place)
            while True:
                time.sleep(LOOK)
                self._look()
        finally:
            self._end()

    def _start(self, place: int) -> None:
        pid = os.fork()
        if pid:
            self._children[pid] = (place, time.monotonic())
            return
        code = 1
        try:
            os.close(self._parent)
            # Ctrl+C reaches everybody at the terminal: the parent decides.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            threading.Thread(target=self._follow, name="parent", daemon=True).start()
            self._serve(place)
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        except BaseException:
            log.exception("a process of the server ends")
        finally:
            # Nothing of the parent's is tidied up by a child.
            os._exit(code)

    def _follow(self) -> None:
        """End with the parent, however it ends."""
        os.read(self._alive, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def _look(self) -> None:
        for pid, (place, begun) in list(self._children.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if not done:
                continue
            del self._children[pid]
            log.error(
                "a process of the server ended with %s and is started again",
                os.waitstatus_to_exitcode(status),
            )
            if time.monotonic() - begun < TOO_SOON:
                time.sleep(TOO_SOON)
            self._start(place)

    def _end(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        # As long as one process holds it, connections come in; when all have closed it, a proxy asks another machine.
        self._listening.close()
        for pid in self._children:
            os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        while self._children and time.monotonic() < until:
            time.sleep(0.05)
            for pid in list(self._children):
                if os.waitpid(pid, os.WNOHANG)[0]:
                    del self._children[pid]
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as the signal module calls it
    raise SystemExit(0)
