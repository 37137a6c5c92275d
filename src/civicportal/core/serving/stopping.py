"""Shutdown requests: SIGTERM from a service manager, SIGINT from a terminal."""

import os
import select
import signal
from types import FrameType


class StopRequest:
    """Receive shutdown signals and wait for them.

    A handler that raises may do so where Python drops the exception, as in callbacks around a fork; one that sets a
    :class:`threading.Event` deadlocks if it interrupts the main thread inside that event. This one
    writes into a pipe.

    :param signals: the numbers. Their handlers are replaced, so use it in the main thread.
    """

    def __init__(self, *signals: int) -> None:
        self._reading, self._writing = os.pipe()
        for number in signals:
            signal.signal(number, self._note)

    def wait(self, seconds: float = 0) -> bool:
        """Return whether shutdown was requested, within a number of seconds."""
        return bool(select.select([self._reading], [], [], seconds)[0])

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        os.write(self._writing, b"!")
