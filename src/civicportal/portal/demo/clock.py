"""A clock that demo data and tests can set."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from civicportal.core.clock import SystemClock

if TYPE_CHECKING:
    from civicportal.core.site import Site


@runtime_checkable
class SettableClock(Protocol):
    """Protocol of a clock that can be set."""

    def set(self, moment: datetime | None) -> None:
        """Stop the clock at a time; None lets it run again."""


class DemoClock(SystemClock):
    """The machine's clock, or a set time."""

    def __init__(self) -> None:
        self._set: datetime | None = None

    def now(self) -> datetime:
        """Return the set time, else the current time, in UTC."""
        return self._set or datetime.now(UTC)

    def set(self, moment: datetime | None) -> None:
        """Stop the clock at a time; None lets it run again."""
        self._set = moment


def set_time(site: "Site", moment: datetime | None) -> None:
    """Set the clock of a demo to a past time.

    None lets it run again.

    :raises TypeError: when the site's clock is a real one.
    """
    if not isinstance(site.clock, SettableClock):
        raise TypeError("the clock of this site cannot be set")
    site.clock.set(moment)
