"""Rights over transitions: who may take which, and why not."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from translationstring import TranslationString

from civicportal.core.work import Service
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.errors import Refused
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import CONVERTED, Case, CaseLink
from civicportal.domain.cases.workflow import Actor, CaseKind, Transition
from civicportal.util.errors import Forbidden
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.work import Work


OBJECTION_WINDOW = timedelta(days=7)
"""Time after a closing for ratings and objections."""

FINISHING = frozenset({"public_text", "photos"})
"""What the form of a step asks for that finishes the work on the spot."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A transition of the actor's realm: possible, or the reason why not."""

    transition: Transition
    reason: str | None = None


class StepService(Service):
    """The rights of the actor over transitions: workflow, permission, kartable, guards."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.access = work.get(AccessService)

    def possible(self, case: Case) -> list[Step]:
        """Return the transitions of the actor's realm from the current status, with the reason of impossible ones."""
        kind = self._kind(case)
        found = kind.workflow.from_state(case.status, self._sort)
        return [
            Step(transition=transition, reason=self.refusal_reason(case, kind, transition))
            for transition in found
            if self._may(case, kind, transition)
        ]

    def permitted(self, case: Case, name: str) -> Transition:
        """Return the named transition, if the actor may take it now.

        :raises UnknownTransition: when there is none from this status.
        :raises Forbidden: when the actor may not take it.
        :raises Refused: when a guard refuses.
        """
        kind = self._kind(case)
        transition = kind.workflow.step(case.status, name)
        if self._sort not in transition.actors or not self._may(case, kind, transition):
            raise Forbidden(f"{name} is not for this actor")
        reason = self.refusal_reason(case, kind, transition)
        if reason:
            raise Refused(reason)
        return transition

    def finishing(self, case: Case) -> Transition | None:
        """Return the step that finishes the work and asks for an answer and pictures only; None if there is none now.

        It is the likely one of the status, or the first that the actor may take.
        """
        workflow = self._kind(case).workflow
        steps = [
            step.transition
            for step in self.possible(case)
            if not step.reason
            and workflow.state(step.transition.target).stage == "done"
            and _field_names(step.transition) <= FINISHING
        ]
        likely = workflow.state(case.status).likely
        return next((step for step in steps if step.name == likely), steps[0] if steps else None)

    def notifies(self, case: Case, transition: Transition) -> bool:
        """Return whether the citizen is notified of a transition from the current status.

        When staff reopen a case, they are not: the work inside the unit begins again.
        """
        reopens = not case.is_open and self._kind(case).workflow.state(transition.target).is_open
        return transition.notify and not (reopens and self.work.actor.is_staff)

    def may_comment(self, case: Case) -> bool:
        """Return whether the actor may comment."""
        permitted = self.work.actor.permits(self._kind(case).permission("comment"))
        return self.access.can(case, "comment") or (permitted and self.access.holds_referral(case))

    def require_work(self, case: Case) -> None:
        """Check the right to work on the case.

        :raises Forbidden: without it.
        """
        if not self.access.can(case, "work"):
            raise Forbidden("may not work on it")

    @property
    def _sort(self) -> Actor:
        # Transitions by realm: those of staff, of citizens or of the portal itself.
        realm = self.work.actor.realm
        return "citizen" if realm == "visitor" else realm

    def _kind(self, case: Case) -> CaseKind:
        return kind_of(self.work.site, case.kind)

    def _may(self, case: Case, kind: CaseKind, transition: Transition) -> bool:
        actor = self.work.actor
        if actor.is_citizen:
            return case.citizen_id is not None and case.citizen_id == actor.user_id
        return self.access.may_act(case, transition.permission or kind.permission("work"))

    def refusal_reason(self, case: Case, kind: CaseKind, transition: Transition) -> TranslationString | None:
        """Return why a transition is not possible now, None if it is."""
        closes = not kind.workflow.state(transition.target).is_open
        # An open inquiry or job blocks staff, not a citizen who withdraws.
        if closes and case.is_open and self.work.actor.is_staff and self.access.open_inquiries(case):
            return _("An inquiry is still open; it must be answered first")
        if closes and case.is_open and self.work.actor.is_staff and self.access.open_jobs(case):
            return _("Jobs of this case are still open; wait until they have ended, or withdraw them")
        if transition.name == kind.reopen and (reason := self._stays_closed(case, kind)):
            return reason
        return next((reason for guard in transition.guards if (reason := guard(case, self.work))), None)

    def _stays_closed(self, case: Case, kind: CaseKind) -> TranslationString | None:
        """Return why a case cannot be reopened.

        It was closed too long ago for its citizen, or was converted.
        """
        closed_at = case.closed_at
        if self.work.actor.is_citizen and closed_at and self.work.clock.now() - closed_at >= OBJECTION_WINDOW:
            return _("It was closed too long ago. Please send a new request.")
        successor = select(CaseLink.to_id).where(CaseLink.from_id == case.id, CaseLink.type == CONVERTED)
        if kind.handover and self.session.scalar(successor) is not None:
            return _("It goes on as another request: please look there.")
        return None


def _field_names(step: Transition) -> set[str]:
    return {node.name for node in step.schema().children} if step.schema else set()
