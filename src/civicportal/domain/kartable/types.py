"""Values of routing and referrals."""

from dataclasses import dataclass
from typing import TypedDict

ASSIGNED = "assigned"
"""``CaseEvent.type`` of an assignment; its ``data`` has the holders ``from_user_id`` and ``user_id``."""

SPLIT, JOB_WITHDRAWN = "split", "job_withdrawn"
"""``CaseEvent.type`` of a case that is split into jobs, whose ``data`` has ``units``, ``answer`` and ``adds`` (to open
jobs); and of a job that is withdrawn."""
SENT_BACK = "sent_back"
"""``CaseEvent.type`` of work that the unit has sent back to its contractor."""


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


class Addressee(TypedDict):
    """Arguments of a referral, a copy or an inquiry."""

    unit_id: int
    user_id: int | None
    note: str
