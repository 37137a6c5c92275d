"""Parameters of a page of features in a URL (OGC API – Features, part 1, 7.15)."""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Self

from civicportal.api.geo import Bounds

USUAL, MOST = 100, 500
"""Number of features of a page, and its maximum."""
_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)
_OPEN_ENDS = ("", "..")


@dataclass(frozen=True, kw_only=True)
class Position:
    """The last feature of a page: the next page begins after it."""

    moment: datetime
    case_id: int

    def __str__(self) -> str:
        return f"{self.moment.astimezone(UTC).isoformat()}~{self.case_id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a position of a URL.

        :raises ValueError: for anything else.
        """
        moment, _, case_id = text.partition("~")
        return cls(moment=_with_offset(datetime.fromisoformat(moment)), case_id=int(case_id))


@dataclass(frozen=True, kw_only=True)
class Interval:
    """The time in which features were reported, None for an open end.

    :ivar end: not part of it.
    """

    start: datetime | None = None
    end: datetime | None = None

    @classmethod
    def parse(cls, text: str, timezone: tzinfo) -> Self:
        """Parse an instant, a day or an interval of RFC 3339 times, as in ``2026-03-21T00:00:00Z/..``.

        :param timezone: of days.
        :raises ValueError: for anything else, and if the end is before the start.
        """
        first, slash, last = text.partition("/")
        last = last if slash else first
        start = None if slash and first in _OPEN_ENDS else _span(first, timezone)[0]
        end = None if slash and last in _OPEN_ENDS else _span(last, timezone)[1]
        if start and end and end <= start:
            raise ValueError(f"{text!r} ends before it starts")
        return cls(start=start, end=end)


def _span(text: str, timezone: tzinfo) -> tuple[datetime, datetime]:
    """Return the first moment of an instant or a day, and the first after it."""
    try:
        if "T" not in text.upper():
            start = datetime.combine(date.fromisoformat(text), time(), timezone)
            return start, start + _DAY
        start = _with_offset(datetime.fromisoformat(text.upper()))
        return start, start + _SECOND
    except OverflowError:
        raise ValueError(f"{text!r} is out of range") from None


def _with_offset(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no offset")
    return moment


def parse_box(text: str) -> Bounds:
    """Parse ``west,south,east,north``; two heights of a box in space are ignored.

    West is greater than east in a box across the 180th meridian.

    :raises ValueError: for anything else.
    """
    numbers = [float(part) for part in text.split(",")]
    if len(numbers) == 6:
        numbers = [*numbers[:2], *numbers[3:5]]
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{text!r} is no box")
    west, south, east, north = numbers
    if south > north:
        raise ValueError(f"{text!r} is upside down")
    return Bounds(south, west, north, east)
