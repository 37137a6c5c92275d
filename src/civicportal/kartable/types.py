"""Values of routing."""

from dataclasses import dataclass
from datetime import datetime


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


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the provider of identities says: matched, mismatched or unavailable."""

    outcome: str
    checked_at: datetime | None = None
