"""Who may take which step of a case, and what stands in the way."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from civicportal.access import AccessService
from civicportal.cases.errors import Refused
from civicportal.cases.models import Case
from civicportal.cases.workflow import CaseKind, Transition
from civicportal.errors import Forbidden
from civicportal.i18n import _

if TYPE_CHECKING:
    from civicportal.work import Work


@dataclass(frozen=True, kw_only=True)
class Step:
    """A transition somebody may think of: possible, or not and why."""

    transition: Transition
    reason: str | None = None


class StepService:
    """The rights of the actor over the steps of cases: workflow, permission, kartable, guards."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.access = work.get(AccessService)

    def possible(self, case: Case) -> list[Step]:
        """Return the transitions the actor's sort of person has from here, with the reason of those not possible."""
        kind = self._kind(case)
        found = kind.workflow.from_state(case.status, self._sort)
        return [
            Step(transition=transition, reason=self._hindrance(case, kind, transition))
            for transition in found
            if self._may(case, kind, transition)
        ]

    def permitted(self, case: Case, name: str) -> Transition:
        """Return the named step, if the actor may take it now.

        :raises UnknownTransition: when there is no such step from here.
        :raises Forbidden: when the actor may not take it.
        :raises Refused: when a guard says no.
        """
        kind = self._kind(case)
        transition = kind.workflow.step(case.status, name)
        if self._sort not in transition.actors or not self._may(case, kind, transition):
            raise Forbidden(f"{name} is not for this actor")
        reason = self._hindrance(case, kind, transition)
        if reason:
            raise Refused(reason)
        return transition

    def may_comment(self, case: Case) -> bool:
        """Return whether the actor may add a note or an expert comment: the right, and the case or a line of it."""
        permitted = self.work.actor.permits(self._kind(case).permission("comment"))
        return self.access.can(case, "comment") or (permitted and self.access.has_line(case))

    def require_work(self, case: Case) -> None:
        """Refuse who may not work on the case.

        :raises Forbidden: without the right.
        """
        if not self.access.can(case, "work"):
            raise Forbidden("may not work on it")

    @property
    def _sort(self) -> Any:
        # Which transitions the actor may think of: those of staff, of citizens or of the portal itself.
        door = self.work.actor.door
        return "citizen" if door == "visitor" else door

    def _kind(self, case: Case) -> CaseKind:
        return self.work.site.kind(case.kind)

    def _may(self, case: Case, kind: CaseKind, transition: Transition) -> bool:
        actor = self.work.actor
        if actor.is_citizen:
            return case.citizen_id is not None and case.citizen_id == actor.user_id
        return self.access.may_act(case, transition.permission or kind.permission("work"))

    def _hindrance(self, case: Case, kind: CaseKind, transition: Transition) -> Any:
        closes = not kind.workflow.state(transition.target).is_open
        # A question between offices holds back the office, not the citizen who withdraws.
        if closes and case.is_open and self.work.actor.is_staff and self.access.open_inquiries(case):
            return _("An inquiry is still open; it must be answered first")
        return next((reason for guard in transition.guards if (reason := guard(case, self.work))), None)
