"""Clocks."""

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple, Protocol

SKEW = timedelta(seconds=5)
"""Largest accepted difference between the clocks of a portal's machines."""


class Uptime(NamedTuple):
    """Monotonic time of a machine since its last boot, shared by its processes and independent of its clock."""

    boot: str
    """Identifier of the boot; empty if the system has none."""
    seconds: float
    """Seconds since boot, including suspension."""


class Clock(Protocol):
    """A source of time."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""

    def uptime(self) -> Uptime:
        """Return the machine's uptime, which is independent of its clock."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC)

    def uptime(self) -> Uptime:
        """Return the machine's uptime."""
        return Uptime(_boot(), time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)))


@cache
def _boot() -> str:
    # random(4)
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""


def has_passed(seconds: float, since: float, now: float) -> bool:
    """Return whether more seconds have passed between two readings of :attr:`Uptime.seconds`.

    It is also true if they were read on two boots. The age of cached values is measured so, because an operator sets
    the clock of a machine, and a demo sets its own clock back for every case it opens.
    """
    return not 0 <= now - since <= seconds
