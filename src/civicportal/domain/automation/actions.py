"""What an automation does with a case, through the services that people use."""

from typing import TYPE_CHECKING

from civicportal.domain.automation.models import Automation
from civicportal.domain.cases.changes import CaseChange
from civicportal.domain.cases.errors import Refused
from civicportal.domain.cases.models import AUTOMATED, Case
from civicportal.domain.cases.workflow import CaseKind, Transition
from civicportal.domain.kartable.ready_texts import ReadyTextService
from civicportal.domain.kartable.services import KartableService
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.work import Work


def asking_step(kind: CaseKind, status: str) -> Transition | None:
    """Return the transition by which the portal asks the citizen from a status."""
    states = kind.workflow.by_name
    steps = kind.workflow.from_state(status, "system")
    return next((step for step in steps if states[step.target].answer), None)


def asks(kind: CaseKind) -> bool:
    """Return whether the portal can ask the citizen of such a case."""
    return any(asking_step(kind, state.name) for state in kind.workflow.states if state.is_open)


class ActionService(KartableService):
    """Act on a case.

    The mark comes first, then the note or the referral with it, then what the citizen reads, then the event for other
    software. What is done already is left out.
    """

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.texts = work.get(ReadyTextService)

    def act(self, automation: Automation, case: Case) -> bool:
        """Take all actions of an automation.

        :returns: whether anything was done.
        :raises Refused: when an action is not possible; the caller has to roll back.
        """
        if not case.is_open and (
            automation.to_unit_id or automation.question or automation.set_urgent is not None
        ):
            return False
        done = [
            self._mark_urgent(automation, case),
            self._pass_on_or_note(automation, case),
            self._write(automation, case),
            self._ask(automation, case),
        ]
        if automation.tells:
            event = self.cases.record(case, AUTOMATED)
            self.work.relay(CaseChange(case=case, event=event, kind=self.cases.kind(case), notify=False))
            done.append(True)
        return any(done)

    def _mark_urgent(self, automation: Automation, case: Case) -> bool:
        if automation.set_urgent in (None, case.urgent):
            return False
        self.cases.mark_urgent(case, bool(automation.set_urgent))
        return True

    def _pass_on_or_note(self, automation: Automation, case: Case) -> bool:
        unit_id, user_id = automation.to_unit_id, automation.to_user_id
        if unit_id is not None and user_id is not None and not self._works_in(user_id, unit_id):
            # The person has left: the unit gets the case.
            user_id = None
        if unit_id is not None and not self._lies_there(case, unit_id, user_id):
            # The portal itself may leave a case unattended elsewhere; an automation may not.
            self._require_attended(case, unit_id, user_id)
            self.refer(case, unit_id, user_id=user_id, note=automation.note)
            return True
        if automation.note and unit_id is None:
            self.cases.comment(case, automation.note)
            return True
        return False

    def _lies_there(self, case: Case, unit_id: int, user_id: int | None) -> bool:
        referral = self.access.action_referral(case)
        if referral is None or referral.to_unit_id != unit_id:
            return False
        return user_id in (None, referral.to_user_id, referral.taken_by_id)

    def _write(self, automation: Automation, case: Case) -> bool:
        if not automation.message:
            return False
        self.cases.comment(case, self.texts.filled(automation.message, case), expert=True, public=True)
        return True

    def _ask(self, automation: Automation, case: Case) -> bool:
        kind = self.cases.kind(case)
        if not automation.question or kind.workflow.state(case.status).answer:
            return False
        step = asking_step(kind, case.status)
        if step is None or case.citizen_id is None:
            raise Refused(_("The citizen cannot be asked in this status of the case."))
        self.cases.apply(case, step.name, public_text=self.texts.filled(automation.question, case))
        return True
