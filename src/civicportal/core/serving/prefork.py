"""Prefork server: processes that share a listening socket."""

import logging
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable

from civicportal.core.serving.stopping import StopRequest

log = logging.getLogger(__name__)

STOPS = (signal.SIGTERM, signal.SIGINT)
LOOK = 0.5
"""Seconds between two checks of the processes."""
TOO_SOON = 2.0
"""A process that dies within these seconds has failed to start; the next one is delayed by them."""
STOP_SECONDS = 20.0
"""Maximum seconds for finishing running requests."""


class Prefork:
    """Keep processes running until SIGTERM or SIGINT.

    :param number: of processes.
    :param serve: what each of them does, until SIGTERM tells it to end.
    :param listening: the socket that all of them accept from.
    """

    def __init__(self, number: int, serve: Callable[[], None], listening: socket.socket) -> None:
        self._listening = listening
        self._serve = serve
        self._number = number
        self._children: dict[int, float] = {}
        """When each process was started, by its id."""
        # Only the parent holds the writing end: when it is gone, the children read EOF.
        self._alive, self._parent = os.pipe()
        # The other way round: when all children are gone, the parent reads EOF.
        self._ended, self._child = os.pipe()

    def run(self) -> None:
        """Run the server.

        Resources that this process has opened before, such as connections, must not be used in the children. The signal
        handlers stay replaced afterwards.
        """
        asked = StopRequest(*STOPS)
        try:
            for _process in range(self._number):
                self._start()
            while not asked.wait(LOOK):
                self._look(asked)
        finally:
            self._end()

    def _start(self) -> None:
        # Signals during the fork are blocked: the child has the parent's handlers until it sets its own.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        pid = os.fork()
        if pid:
            self._children[pid] = time.monotonic()
        else:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            # Ctrl+C reaches every process of the terminal: the parent decides.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if not pid:
            self._be_child()

    def _be_child(self) -> None:
        code = 1
        try:
            os.close(self._parent)
            os.close(self._ended)
            threading.Thread(target=self._follow, name="parent", daemon=True).start()
            self._serve()
            code = 0
        except BaseException:
            log.exception("a process of the server ends")
        finally:
            # A child cleans up nothing of the parent's.
            os._exit(code)

    def _follow(self) -> None:
        """Stop with the parent, however it ends."""
        os.read(self._alive, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def _look(self, asked: StopRequest) -> None:
        for pid, begun in list(self._children.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if not done:
                continue
            del self._children[pid]
            log.error(
                "a process of the server ended with %s and is started again",
                os.waitstatus_to_exitcode(status),
            )
            if time.monotonic() - begun < TOO_SOON and asked.wait(TOO_SOON):
                return
            self._start()

    def _end(self) -> None:
        # While any process holds it, connections are accepted; when all have closed it, a proxy uses another machine.
        self._listening.close()
        for pid in self._children:
            os.kill(pid, signal.SIGTERM)
        os.close(self._child)
        ended, _, _ = select.select([self._ended], [], [], STOP_SECONDS)
        for pid in self._children:
            if not ended:
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
