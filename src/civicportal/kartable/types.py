"""Values of routing."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Route:
    """Where a case goes.

    :ivar unit: key of the unit.
    :ivar user_id: one person of it, if wished.
    :ivar deadline_days: office days; None leaves the category's.
    """

    unit: str
    user_id: int | None = None
    deadline_days: float | None = None
    rule: str = "plugin"
