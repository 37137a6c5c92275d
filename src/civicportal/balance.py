"""Who of several processes takes the next connection: one that has more of them leaves it to the others for a moment.

The kernel gives a connection to whoever asks first. A connection stays open for many requests, and of a process one
thread runs at a time: two people who happened to come to the same process were answered half as fast, beside an idle one.
"""

import mmap
import select
import socket
import time

STEP = 0.001
"""Seconds between two looks whether somebody else has taken a connection."""
STEPS = 5
"""Looks at most: a process that is busy gets to run within so many milliseconds, as Python switches its threads."""
IN_VAIN = 0.1
"""Seconds for which nobody waits after having waited for nothing: the others may be at a stop."""


class Balance:
    """How many connections each of some processes has, in memory that is theirs together once they are forked.

    :param processes: how many there are.
    """

    def __init__(self, processes: int) -> None:
        self.connections = memoryview(mmap.mmap(-1, 4 * processes)).cast("I")

    def share(self, place: int) -> "Share":
        """Return what the process at a place goes by, from 0 on; it has no connection yet."""
        share = Share(self, place)
        share.note(0)
        return share


class Share:
    """One process's part of a :class:`Balance`."""

    def __init__(self, balance: Balance, place: int) -> None:
        self._all, self._place = balance.connections, place
        self._waits_from = 0.0

    def note(self, connections: int) -> None:
        """Say how many connections this process has."""
        self._all[self._place] = connections

    def leaves_it(self, listening: socket.socket) -> bool:
        """Tell whether another process has taken the connection that stands in the queue of a socket.

        It is waited for as long as another one has fewer, a few milliseconds at most.
        """
        if time.monotonic() < self._waits_from:
            return False
        queue = select.poll()
        queue.register(listening, select.POLLIN)
        for _ in range(STEPS):
            if not self._has_more:
                return False
            time.sleep(STEP)
            if not queue.poll(0):
                return True
        self._waits_from = time.monotonic() + IN_VAIN
        return False

    @property
    def _has_more(self) -> bool:
        return self._all[self._place] > min(self._all)
