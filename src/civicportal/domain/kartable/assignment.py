"""Assignment of cases to the officers of their unit."""

from civicportal.core.security import Identity
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.access.rights import leads
from civicportal.domain.cases.access.sql import JOB
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.snapshots import snapshot
from civicportal.domain.kartable.errors import ReferralError
from civicportal.domain.kartable.rows import holder_id
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.types import ASSIGNED
from civicportal.util.errors import Conflict, Forbidden
from civicportal.util.i18n import _

NO_ONE = 0
"""Instead of a user id: the case is expected to have no holder."""


class AssignmentService(KartableService):
    """Assign a case to another officer of its unit.

    The unit and the deadline stay, and the citizen is not notified. Who may refer a case may assign it: an officer a
    case of their own kartable, the head of the unit also one that a colleague holds.
    """

    def assign(
        self,
        case: Case,
        user_id: int | None,
        *,
        note: str = "",
        version: int | None = None,
        held_by: int | None = None,
    ) -> CaseEvent:
        """Assign the case to an officer of its unit.

        :param user_id: the officer; None returns the case to the whole unit.
        :param held_by: refuse if this person does not hold the case any more; ``NO_ONE`` if anyone holds it.
        :raises Forbidden: without the right, for instance for a case that a colleague holds.
        :raises Conflict: when it has another holder than expected.
        :raises ReferralError: when they hold it already, or are not a member of the unit.
        :raises UnattendedReferral: when they may not work on it, or no one of the unit would attend to it.
        """
        referral = self._own_referral(case, version, "refer")
        holder = holder_id(referral)
        if held_by is not None and (holder or NO_ONE) != held_by:
            raise Conflict("another person holds the case")
        if holder == user_id:
            raise ReferralError(_("The case lies there already."))
        self._check_addressee(referral.to_unit_id, user_id)
        self._require_attended(case, referral.to_unit_id, user_id)
        return self._move(case, referral, user_id, note)

    def hand_on_asked(self, case: Case, user_id: int, to_user_id: int | None, *, note: str = "") -> CaseEvent:
        """Assign a person's inquiries, copies and jobs of a case to another officer of the unit.

        :param user_id: who holds them.
        :param to_user_id: the officer; None for the whole unit.
        :raises Forbidden: when the actor does not head the unit.
        :raises ReferralError: when the officer is not of the unit, or there is none left.
        """
        event = None
        for referral in list(self.access.referrals(case)):
            if referral.type == "action" or referral.closed_at or holder_id(referral) != user_id:
                continue
            if not leads(self.work.actor, self.cases.kind(case).permission("refer"), case, referral):
                raise Forbidden("does not head the unit")
            self._check_addressee(referral.to_unit_id, to_user_id)
            if referral.type == JOB:
                self._require_attended(case, referral.to_unit_id, to_user_id)
            event = self._move(case, referral, to_user_id, note)
        if event is None:
            raise ReferralError(_("It was answered or handed over before."))
        return event

    def take_over(self, case: Case, *, note: str = "", version: int | None = None) -> CaseEvent:
        """Take over a case that a colleague holds.

        :raises Forbidden: without the right to work on it, which the head of the unit has.
        :raises ReferralError: when no one else holds it.
        :raises UnattendedReferral: when the actor could only work on it as a deputy.
        """
        referral = self._own_referral(case, version, "work")
        if holder_id(referral) in (None, self.work.actor.user_id):
            raise ReferralError(_("No colleague holds this case."))
        self._require_attended(case, referral.to_unit_id, self.work.actor.user_id)
        return self._move(case, referral, None, note, taken_by=self.work.actor)

    def _move(
        self,
        case: Case,
        referral: Referral,
        user_id: int | None,
        note: str,
        *,
        taken_by: Identity | None = None,
    ) -> CaseEvent:
        """Replace the open referral by one to another person of the same unit, and record it."""
        before, previous = snapshot(case), holder_id(referral)
        holder = taken_by.user_id if taken_by else user_id
        new = self._hand_over(case, referral, user_id, note)
        if taken_by:
            new.taken_by_id, new.read_at = taken_by.user_id, new.created_at
        data = {"user_id": holder, "from_user_id": previous, "undo": before}
        event = self._tell(case, ASSIGNED, new, internal_text=note, notify=False, data=data)
        referral.closed_event_id = new.opened_event_id = event.id
        self._audit(case, previous, holder)
        return event

    def audit_undo(self, case: Case, event: CaseEvent) -> None:
        """Record in the audit trail that an assignment was undone."""
        self._audit(case, event.data["user_id"], event.data["from_user_id"])

    def _audit(self, case: Case, previous: int | None, holder: int | None) -> None:
        self.work.get(AuditService).record(
            "case:assign", subject_id=holder, case_id=case.id, **{"from": previous, "to": holder}
        )

    def _hand_over(self, case: Case, referral: Referral, user_id: int | None, note: str) -> Referral:
        """Close a referral and open one to another person of the same unit."""
        self._close(referral, "referred")
        self.session.flush()
        new = self._add(
            case,
            referral.to_unit_id,
            to_user_id=user_id,
            # The reason of a return stays, because the new holder has to know it.
            note="\n".join(filter(None, (referral.note, note)))
            if referral.returned
            else note or referral.note,
            returned=referral.returned,
            jobs_ended=referral.jobs_ended,
            due_at=referral.due_at,
            contracted=referral.contracted,
            type_=referral.type,
            from_unit_id=referral.from_unit_id,
            previous=referral,
            rule=referral.rule,
        )
        # The sender stays the same, so it can be returned to them.
        new.from_user_id = referral.from_user_id
        return new
