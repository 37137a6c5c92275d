"""Where the time comes from."""

from datetime import UTC, datetime

from zope.interface import Interface, implementer


class IClock(Interface):
    """Tells the time."""

    def now() -> datetime:  # type: ignore[misc]
        """Return the present time, aware, in UTC."""


@implementer(IClock)
class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present time in UTC."""
        return datetime.now(UTC)
