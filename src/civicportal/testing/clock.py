"""A clock that stands still until it is told to go."""

from datetime import UTC, datetime, timedelta

from civicportal.core.clock import SystemClock, Uptime

#: A Saturday, noon in Tehran: an office day in the middle of office hours.
NOON = datetime(2026, 5, 30, 8, 30, tzinfo=UTC)


class FakeClock(SystemClock):
    """Tells the time it was set to.

    :param now: aware.
    """

    def __init__(self, now: datetime = NOON) -> None:
        self._present = now
        self._passed = timedelta()
        self.set(now)

    def now(self) -> datetime:
        """Return the time the clock stands at, in UTC."""
        return self._now

    def set(self, now: datetime | None) -> None:
        """Set the clock.

        :param now: aware; None goes back to where the clock began, as that of a demo goes back to the present.
        :raises ValueError: for a naive time.
        """
        now = now or self._present
        if now.tzinfo is None:
            raise ValueError(f"naive datetime {now!r}")
        self._now = now.astimezone(UTC)

    def uptime(self) -> Uptime:
        """Return the time advanced so far; setting the clock does not change it."""
        return Uptime("fake", self._passed.total_seconds())

    def advance(self, **duration: float) -> datetime:
        """Go on, for instance ``advance(minutes=5)``; the arguments are those of ``timedelta``.

        :returns: the new time.
        """
        self._passed += timedelta(**duration)
        self._now += timedelta(**duration)
        return self._now
