"""A clock that moves only when told to."""

from datetime import UTC, datetime, timedelta

from civicportal.core.clock import SystemClock, Uptime

#: A Saturday, noon in Tehran: within office hours.
NOON = datetime(2026, 5, 30, 8, 30, tzinfo=UTC)


class FakeClock(SystemClock):
    """Return the time it was set to.

    :param now: aware.
    """

    def __init__(self, now: datetime = NOON) -> None:
        self._present = now
        self._passed = timedelta()
        self.set(now)

    def now(self) -> datetime:
        """Return the set time, in UTC."""
        return self._now

    def set(self, now: datetime | None) -> None:
        """Set the clock.

        :param now: aware; None returns to the initial time, as a demo's clock returns to the present.
        :raises ValueError: for a naive time.
        """
        now = now or self._present
        if now.tzinfo is None:
            raise ValueError(f"naive datetime {now!r}")
        self._now = now.astimezone(UTC)

    def uptime(self) -> Uptime:
        """Return the time advanced so far.

        Setting the clock does not change it.
        """
        return Uptime("fake", self._passed.total_seconds())

    def advance(self, **duration: float) -> datetime:
        """Move forward, for instance ``advance(minutes=5)``; the arguments are those of ``timedelta``.

        :returns: the new time.
        """
        self._passed += timedelta(**duration)
        self._now += timedelta(**duration)
        return self._now
