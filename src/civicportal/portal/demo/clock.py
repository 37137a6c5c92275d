"""A clock that the demo winds back while it makes up the past."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from civicportal.core.clock import SystemClock

if TYPE_CHECKING:
    from civicportal.core.site import Site


@runtime_checkable
class WoundClock(Protocol):
    """A clock that may be set to a moment: that of a demo, and that of tests."""

    def set(self, moment: datetime | None) -> None:
        """Stand still at a moment; None lets it run again."""


class DemoClock(SystemClock):
    """The machine's clock, or any moment it is set to."""

    def __init__(self) -> None:
        self._set: datetime | None = None

    def now(self) -> datetime:
        """Return the set moment, else the present time, in UTC."""
        return self._set or datetime.now(UTC)

    def set(self, moment: datetime | None) -> None:
        """Stand still at a moment; None lets it run again."""
        self._set = moment


def set_time(site: "Site", moment: datetime | None) -> None:
    """Wind the clock of a demo to a moment of its past; None lets it run again.

    :raises TypeError: when the site's clock is a real one.
    """
    if not isinstance(site.clock, WoundClock):
        raise TypeError("the clock of this site cannot be set")
    site.clock.set(moment)
