"""Escalation of overdue cases.

Each step is taken once per deadline. A case that was returned stays until it has another deadline.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import aliased

from civicportal.core.jobs import Job
from civicportal.domain.accounts.models import Membership, RolePermission, User
from civicportal.domain.accounts.permissions import LEAD
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.referral import Referral
from civicportal.domain.kartable.routing import ESCALATED
from civicportal.domain.kartable.rows import holder_id
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.organization.services import OrganizationService

if TYPE_CHECKING:
    from civicportal.core.site import Site

log = logging.getLogger(__name__)

CHUNK = 50
"""Batch size of ids."""

_SENT_ON = aliased(Referral)

Step = Literal["head", "above"]


@dataclass(frozen=True, kw_only=True)
class Goal:
    """The target of a unit's escalated cases.

    :ivar user_id: the person; None for the whole unit.
    """

    unit_id: int
    user_id: int | None = None


class EscalationService(KartableService):
    """Find cases that are due for an escalation step, and escalate them."""

    def goals(self, step: Step) -> dict[int, Goal]:
        """Return the target of each unit's cases for a step.

        Units without one have no one above them.
        """
        if step == "head":
            return {unit_id: Goal(unit_id=unit_id, user_id=user_id) for unit_id, user_id in self._heads()}
        units = self.work.get(OrganizationService).units.by_id
        above = {unit.id: units[unit.parent_id] for unit in units.values() if unit.parent_id}
        return {unit_id: Goal(unit_id=parent.id) for unit_id, parent in above.items() if parent.active}

    def due(self, step: Step, late_since: datetime, goals: dict[int, Goal], after: int = 0) -> Sequence[int]:
        """Return candidates for escalation, ordered by id.

        :param late_since: their deadline was before this moment.
        :param after: only ids above this one.
        """
        query = (
            select(Referral.case_id)
            .where(
                Referral.type == "action",
                Referral.closed_at.is_(None),
                Referral.to_unit_id.in_(goals),
                Referral.deadline < late_since,
                Referral.paused_at.is_(None),
                Referral.case_id > after,
                ~self._taken(step),
            )
            .order_by(Referral.case_id)
            .limit(CHUNK)
        )
        if step == "head":
            holder = func.coalesce(Referral.taken_by_id, Referral.to_user_id, 0)
            query = query.where(
                or_(
                    *(
                        (Referral.to_unit_id == unit) & (holder != goal.user_id)
                        for unit, goal in goals.items()
                    )
                )
            )
        return self.session.scalars(query).all()

    def raise_case(self, case_id: int, step: Step, days: float, goals: dict[int, Goal]) -> CaseEvent | None:
        """Escalate a case if it is still due.

        :param days: office days after the deadline.
        """
        case = self.session.scalar(select(Case).where(Case.id == case_id).with_for_update())
        if case is None:
            # Deleted since it was found, or its plugin was removed.
            return None
        referral = self.access.action_referral(case)
        goal = goals.get(referral.to_unit_id) if referral else None
        if referral is None or goal is None or not self._is_due(case, step, days):
            return None
        if holder_id(referral) is not None and holder_id(referral) == goal.user_id:
            return None
        if not self._is_attended(case, goal.unit_id, goal.user_id):
            # It stays with its assignee, or on the list of unattended cases.
            return None
        self._close(referral, "escalated")
        self.session.flush()
        new = self._add(
            case,
            goal.unit_id,
            to_user_id=goal.user_id,
            from_unit_id=referral.to_unit_id,
            previous=referral,
            rule=_mark(step),
        )
        if goal.unit_id != referral.to_unit_id:
            self.cases.assign(case, goal.unit_id)
        data = {"from_unit_id": referral.to_unit_id, "step": step}
        event = self._tell(case, "escalated", new, notify=False, data=data)
        referral.closed_event_id = new.opened_event_id = event.id
        return event

    def _is_due(self, case: Case, step: Step, days: float) -> bool:
        if case.closed_at is not None or case.paused_at is not None:
            return False
        if any(
            one.rule == _mark(step) and one.created_at >= case.deadline for one in self.access.referrals(case)
        ):
            return False
        calendar = self.work.get(OrganizationService).calendar
        moment: datetime = calendar.add_working_days(case.deadline, days) if days else case.deadline
        return moment < self.work.clock.now()

    @staticmethod
    def _taken(step: Step) -> ColumnElement[bool]:
        done = select(_SENT_ON.id).where(
            _SENT_ON.case_id == Referral.case_id,
            _SENT_ON.rule == _mark(step),
            _SENT_ON.created_at >= Referral.deadline,
        )
        return exists(done).correlate(Referral)

    def _heads(self) -> Iterator[tuple[int, int]]:
        """Yield unit and head, of several heads of a unit the one who received the right first."""
        query = (
            select(Membership.unit_id, Membership.user_id)
            .join(User, User.id == Membership.user_id)
            .join(RolePermission, RolePermission.role_id == Membership.role_id)
            .where(
                Membership.unit_id.is_not(None),
                RolePermission.permission == LEAD,
                User.disabled_at.is_(None),
                User.deleted_at.is_(None),
            )
            .order_by(Membership.id.desc())
        )
        found = {unit_id: user_id for unit_id, user_id in self.session.execute(query) if unit_id}
        yield from found.items()


def escalate(site: "Site") -> None:
    """Escalate overdue cases, each in a separate transaction."""
    settings = site.settings["escalation"]
    for number, step in enumerate(settings["steps"]):
        _take_step(site, step, number * settings["every"])


def _take_step(site: "Site", step: Step, days: float) -> None:
    after = 0
    while True:
        with site.work(write=False) as work:
            service = EscalationService(work)
            goals = service.goals(step)
            # A lower bound, since office days take at least as many calendar days; the exact time is checked for each
            # case.
            late_since = work.clock.now() - timedelta(days=max(days - 1, 0))
            found = service.due(step, late_since, goals, after) if goals else ()
        for case_id in found:
            try:
                with site.work() as work:
                    EscalationService(work).raise_case(case_id, step, days, goals)
            except Exception:
                log.exception("case %s could not be passed up; the next run tries again", case_id)
        if len(found) < CHUNK:
            return
        after = found[-1]


def _mark(step: Step) -> str:
    return f"{ESCALATED}{step}"


JOBS = (Job(name="core.escalation", every=timedelta(minutes=10), run=escalate),)
