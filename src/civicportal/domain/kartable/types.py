"""Values of routing and referrals."""

from dataclasses import dataclass

ASSIGNED = "assigned"
"""``CaseEvent.type`` of an assignment; its ``data`` has the holders ``from_user_id`` and ``user_id``."""


@dataclass(frozen=True, kw_only=True)
class RoutingTarget:
    """The route of a case.

    :ivar unit: key of the unit.
    :ivar user_id: a person of it, optional.
    :ivar deadline_days: office days; None uses the category's.
    """

    unit: str
    user_id: int | None = None
    deadline_days: float | None = None
    rule: str = "plugin"
