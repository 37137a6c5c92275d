"""Events of cases that are passed to plugins."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from civicportal.domain.cases.models import Case, CaseEvent
    from civicportal.domain.cases.referral import Referral
    from civicportal.domain.cases.workflow import CaseKind, Transition


@dataclass(frozen=True, kw_only=True)
class CaseChange:
    """One event of a case, passed to plugins inside its transaction.

    :ivar type: of the event: opened, transition, referred, taken, returned, copied, inquiry, answered,
        split, job_taken, job_released, job_done, job_refused, job_withdrawn, commented, called, rated, corrected,
        undone.
    :ivar transition: the name of the transition, if it was one.
    :ivar referral: the new referral, if it was one.
    :ivar notify: whether the citizen is notified.
    """

    case: "Case"
    event: "CaseEvent"
    kind: "CaseKind"
    transition: "Transition | None" = None
    referral: "Referral | None" = None
    notify: bool = True

    @property
    def type(self) -> str:
        """Return the type of the event."""
        return self.event.type

    @property
    def reopens(self) -> bool:
        """Return whether a closed case is reopened."""
        before = self.event.before
        return (
            self.type == "transition"
            and before is not None
            and not self.kind.workflow.state(before).is_open
            and self.case.is_open
        )

    @property
    def closes(self) -> bool:
        """Return whether an open case is now closed."""
        before = self.event.before
        return (
            self.type == "transition"
            and before is not None
            and self.kind.workflow.state(before).is_open
            and not self.case.is_open
        )
