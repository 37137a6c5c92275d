"""Undo of the last transition while its notifications are still held back."""

from datetime import timedelta
from math import ceil

from sqlalchemy import select

from civicportal.core.work import Service
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.changes import CaseChange
from civicportal.domain.cases.correction import CORRECTED
from civicportal.domain.cases.errors import CannotUndo
from civicportal.domain.cases.links import LINKED, UNLINKED, LinkService
from civicportal.domain.cases.models import CONVERTED, Case, CaseEvent
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.assignment import AssignmentService
from civicportal.domain.kartable.correction import CorrectionService
from civicportal.domain.kartable.types import ASSIGNED, SPLIT
from civicportal.util.errors import NotFound

__all__ = ["CannotUndo", "UndoService"]

UNDOABLE = frozenset({"transition", "referred", "returned", SPLIT, ASSIGNED, CORRECTED, LINKED, UNLINKED})
ASIDE = frozenset({"published", "hidden", "urgent", "not_urgent"})
"""Events that leave status and referrals unchanged: a person's transition can still be undone after their own of these.
"""


class UndoService(Service):
    """Undo the actor's last transition.

    An undo adds a reverting event, restores status and referral, and cancels pending notifications.
    """

    def fetch(self, code: str, *, lock: bool = True) -> Case:
        """Return a case of the actor, even if their last step has removed it from their scope.

        :raises NotFound: when there is none.
        """
        try:
            return self.work.get(CaseService).fetch(code, lock=lock)
        except NotFound:
            query = select(Case).where(Case.code == code)
            case = self.session.scalar(query.with_for_update(of=Case) if lock else query)
            if case is None or self.last(case) is None:
                raise
            return case

    def last(self, case: Case) -> CaseEvent | None:
        """Return the event that the actor can undo now, if any."""
        event = self._last_step(case)
        if event is None or event.type not in UNDOABLE or event.actor_id != self.work.actor.user_id:
            return None
        if CONVERTED in event.data or "undo" not in event.data:
            # Not after a conversion, whose new case an undo would not remove, nor if the previous data was erased.
            return None
        return event if self.seconds_left(event) > 0 else None

    def seconds_left(self, event: CaseEvent) -> int:
        """Return the seconds in which an event can still be undone, rounded up."""
        seconds = self.work.site.settings["notifications"]["undo_seconds"]
        return ceil((event.at + timedelta(seconds=seconds) - self.work.clock.now()).total_seconds())

    def _last_step(self, case: Case) -> CaseEvent | None:
        cases, me = self.work.get(CaseService), self.work.actor.user_id
        event = cases.last_event(case)
        if event is None or event.type not in ASIDE or event.actor_id != me:
            return event
        others = (one for one in cases.events(case) if one.type not in ASIDE or one.actor_id != me)
        return next(others, None)

    def undo(self, case: Case, event_id: int) -> CaseEvent:
        """Undo a transition.

        :param event_id: the event that the person saw and wants to undo.
        :raises CannotUndo: when it is not the last one, not the actor's, too old, or a notification of it was sent.
        """
        event = self.last(case)
        if event is None or event.id != event_id:
            raise CannotUndo("the case has changed since, or it is too late")
        with self.work.savepoint():
            return self._reverse(case, event)

    def _reverse(self, case: Case, event: CaseEvent) -> CaseEvent:
        cases = self.work.get(CaseService)
        if event.type in (LINKED, UNLINKED):
            self.work.get(LinkService).reverse(case, event)
        else:
            if event.type == CORRECTED:
                self.work.get(CorrectionService).reverse(case, event)
            self._restore_referrals(case, event)
            cases.restore(case, event)
            if event.type == ASSIGNED:
                self.work.get(AssignmentService).audit_undo(case, event)
        reversal = cases.record(
            case,
            "undone",
            before=event.after,
            after=event.before,
            data={"event": event.id, "type": event.type},
        )
        self.work.relay(CaseChange(case=case, event=reversal, kind=cases.kind(case), notify=False))
        return reversal

    def _restore_referrals(self, case: Case, event: CaseEvent) -> None:
        access = self.work.get(AccessService)
        referrals = access.referrals(case)
        for referral in referrals:
            if referral.opened_event_id == event.id:
                referral.closed_at, referral.closed_how = self.work.clock.now(), "undone"
        # An open case always has exactly one open referral for action.
        self.session.flush()
        for referral in referrals:
            if referral.closed_event_id == event.id:
                referral.closed_at = referral.closed_how = referral.closed_by_id = (
                    referral.closed_event_id
                ) = None
        before = event.data["undo"]
        held = access.action_referral(case)
        if held and "taken_by_id" in before:
            held.taken_by_id = before["taken_by_id"]
        access.forget(case)
