"""Where the time comes from."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present time in UTC."""
        return datetime.now(UTC)


def has_passed(seconds: float, since: datetime, now: datetime) -> bool:
    """Tell whether more seconds have passed since a moment; also if the clock was set back before it."""
    return not 0 <= (now - since).total_seconds() <= seconds
