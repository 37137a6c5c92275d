"""Being asked to end: SIGTERM from a service manager, SIGINT from whoever sits at the terminal."""

import os
import select
import signal
from types import FrameType


class StopRequest:
    """Is told of signals by which a process is asked to end, and waits for them.

    A handler that raises may do so where Python drops what is raised, as in what it runs around a fork; one that sets a
    :class:`threading.Event` waits for itself for ever when it comes while the main thread looks at the event. This one
    writes into a pipe.

    :param signals: the numbers. Their handlers are replaced, so this belongs into the main thread.
    """

    def __init__(self, *signals: int) -> None:
        self._reading, self._writing = os.pipe()
        for number in signals:
            signal.signal(number, self._note)

    def wait(self, seconds: float = 0) -> bool:
        """Return whether the process has been asked to end, as soon as it is, after so many seconds at the latest."""
        return bool(select.select([self._reading], [], [], seconds)[0])

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as the signal module calls it
        os.write(self._writing, b"!")
