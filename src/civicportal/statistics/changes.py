"""How a figure has changed against the days before, as pages show it."""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["cases", "percent", "points", "hours", "times"]
Hope = Literal["", "up", "down"]

FEW = 20
"""Of fewer cases before a share of them says little: one that becomes sixty is no growth of 6,000 percent."""

_NOTHING = 1e-9
"""Equal shares differ by so much at most: they are divided in floating point."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is different.

    :ivar size: without a sign, rounded as it is shown.
    :ivar grows: there is more now; a size of 0 does not tell.
    :ivar unit: in which the size is: "percent" of the earlier number, or "points" between two percentages.
    :ivar slight: something is different, but too little for a size.
    :ivar better: it goes where one hopes; None where nothing is hoped for, or nothing has changed.
    """

    size: float
    grows: bool
    unit: Unit
    slight: bool
    better: bool | None


def changed(now: float | None, before: float | None, unit: Unit = "cases", hope: Hope = "") -> Change | None:
    """Compare two figures; None where one of them is not known.

    :param unit: of both; a number of cases is told in percent of the earlier one, unless that was below :data:`FEW`.
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
