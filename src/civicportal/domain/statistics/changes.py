"""Change of a figure against the previous period, for display."""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["cases", "percent", "points", "hours", "times"]
Hope = Literal["", "up", "down"]

FEW = 20
"""Below this number of earlier cases a percentage is misleading: one that becomes sixty is no growth of 6,000 percent.
"""

_NOTHING = 1e-9
"""Tolerance for equal shares, which are divided in floating point."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A difference.

    :ivar size: absolute value, rounded for display.
    :ivar grows: it has increased; undefined for a size of 0.
    :ivar unit: "percent" of the earlier number, or "points" between two percentages.
    :ivar slight: there is a difference, too small to show.
    :ivar better: it has improved; None if neither direction is better, or nothing has changed.
    """

    size: float
    grows: bool
    unit: Unit
    slight: bool
    better: bool | None


def changed(now: float | None, before: float | None, unit: Unit = "cases", hope: Hope = "") -> Change | None:
    """Compare two figures; None if either is unknown.

    :param unit: of both; numbers of cases are compared in percent of the earlier one, unless that is below :data:`FEW`.
    """
    if now is None or before is None:
        return None
    difference = now - before
    if unit == "cases" and before >= FEW:
        difference, unit = 100 * difference / before, "percent"
    size = round(abs(difference), 1) if unit == "times" else round(abs(difference))
    grows = difference > 0
    return Change(
        size=size,
        grows=grows,
        unit=unit,
        slight=not size and abs(difference) > _NOTHING,
        better=grows == (hope == "up") if hope and size else None,
    )
