"""A clock that the demo winds back while it makes up the past."""

from datetime import UTC, datetime


class DemoClock:
    """The machine's clock, or any moment it is set to."""

    def __init__(self) -> None:
        self._set: datetime | None = None

    def now(self) -> datetime:
        """Return the set moment, else the present time, in UTC."""
        return self._set or datetime.now(UTC)

    def set(self, moment: datetime | None) -> None:
        """Stand still at a moment; None lets it run again."""
        self._set = moment
