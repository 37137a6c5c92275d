"""Who of several processes takes the next connection: one that has more in hand leaves it to the others for a moment.

The kernel gives a connection to whoever asks first. A connection stays open for many requests, and of a process one
thread runs at a time: two people who happened to come to the same process were answered half as fast, beside an idle one.
"""

import mmap
import time
from collections.abc import Callable
from typing import Any

STEP = 0.001
"""Seconds between two looks whether the others have as much in hand by now."""
LONGEST = 0.005
"""Seconds for which a connection is left to the others: as long as Python lets one thread of theirs run."""
IN_VAIN = 0.1
"""Seconds for which nothing is left to the others after they have not taken it: they may be at a stop."""


class Balance:
    """How much each of some processes has in hand, in memory that is theirs together once they are forked.

    :param processes: how many there are.
    """

    def __init__(self, processes: int) -> None:
        self.loads = memoryview(mmap.mmap(-1, 4 * processes)).cast("I")

    def share(self, place: int) -> "Share":
        """Return what the process at a place goes by, from 0 on; it has nothing in hand yet."""
        share = Share(self, place)
        share.note(0)
        return share


class Share:
    """One process's part of a :class:`Balance`."""

    def __init__(self, balance: Balance, place: int) -> None:
        self._all, self._place = balance.loads, place

    def note(self, load: int) -> None:
        """Say how much this process has in hand."""
        self._all[self._place] = load

    @property
    def is_larger(self) -> bool:
        """Return whether another process has less."""
        return self._all[self._place] > min(self._all)


class Turn:
    """When a server of waitress accepts, beside others that listen on the same socket.

    :param server: its channels say by ``weight`` what each of them counts.
    :param share: its process's.
    """

    def __init__(self, server: Any, share: Share) -> None:
        self._server, self._share = server, share
        self._accept: Callable[[], None] = server.handle_accept
        self._until: float | None = None
        self._trusts_from = 0.0
        server.handle_accept = self._accept_or_leave

    @property
    def waits(self) -> bool:
        """Return whether something is left to the others at this moment, so that it must be looked at again soon."""
        return self._until is not None

    def note(self) -> None:
        """Say how much is in hand."""
        self._share.note(sum(channel.weight for channel in list(self._server.active_channels.values())))

    def look(self) -> None:
        """Note; take what was left to the others if they have as much by now, or did not take it."""
        self.note()
        if self._until is None:
            return
        is_late = time.monotonic() >= self._until
        if is_late or not self._share.is_larger:
            before = len(self._server.active_channels)
            self._until, self._server.accepting = None, True
            self._accept()
            if is_late and len(self._server.active_channels) > before:
                self._trusts_from = time.monotonic() + IN_VAIN

    def _accept_or_leave(self) -> None:
        now = time.monotonic()
        if self._share.is_larger and now >= self._trusts_from:
            # Nothing is heard of the socket meanwhile; the connections that there are go on.
            self._until, self._server.accepting = now + LONGEST, False
        else:
            self._accept()
