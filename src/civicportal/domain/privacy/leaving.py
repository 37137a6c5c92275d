"""Deletion of the own account, and restoring it within thirty days."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.follow_up import FollowUpService
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.workflow import OPEN_STAGES
from civicportal.util.errors import Refused
from civicportal.util.i18n import _


@dataclass(frozen=True, kw_only=True)
class ContinuedCase:
    """An open case that continues without its citizen.

    :ivar pin: for the tracking page from now on; shown once.
    """

    code: str
    subject: str
    pin: str


class LeavingService(Service):
    """Delete the actor's own account."""

    def open_cases(self, user: User) -> Sequence[Case]:
        """Return the open cases of a person, oldest first."""
        query = select(Case).where(Case.citizen_id == user.id, Case.stage.in_(OPEN_STAGES))
        return self.session.scalars(query.order_by(Case.id)).all()

    def leave(self, user: User) -> list[ContinuedCase]:
        """Delete a person and end every session.

        After thirty days their data are erased.

        Open cases stay with their units. Each gets a PIN by which it can be tracked.

        :raises Refused: for staff, whose work an administrator must transfer first.
        """
        if user.username:
            raise Refused(_("An administrator deletes the accounts of staff."))
        user.deleted_at, user.deleted_by_id = self.work.clock.now(), user.id
        self.session.flush()
        give_pin = self.work.get(FollowUpService).give_pin
        left = [
            ContinuedCase(code=case.code, subject=case.subject, pin=give_pin(case))
            for case in self.open_cases(user)
        ]
        self.work.get(SessionService).end_everything(user)
        self.work.get(AuditService).record("member:leave", subject_id=user.id)
        return left
