"""Recalculation of deadlines after a calendar change, only on request."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from civicportal.core.security import Identity
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.deadlines import expected
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import OPEN_STAGES
from civicportal.domain.organization.services import OrganizationService

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

CHUNK = 200
"""Cases per transaction."""
MOST = 5000
"""Open cases examined in one batch, which takes some seconds."""


@dataclass(frozen=True)
class RecalculationResult:
    """Result of one batch.

    :ivar number: number of changed deadlines.
    :ivar before: id before which cases are left for the next batch, 0 if none are.
    """

    number: int
    before: int


def misplaced(work: "Work") -> int:
    """Return the number of open cases whose deadline differs from the calendar, among the newest."""
    calendar = work.get(OrganizationService).calendar
    cases = work.session.scalars(_open().order_by(Case.id.desc()).limit(MOST))
    return sum(expected(case, calendar) != case.deadline for case in cases)


def move_deadlines(site: "Site", actor: Identity, before: int = 0) -> RecalculationResult:
    """Recompute the deadlines of a batch of open cases, newest first.

    Each change is an event of its case. Must not be called while the same thread has a writing unit of work open.

    :param before: where the last batch ended; 0 to begin.
    """
    moved = 0
    for _chunk in range(MOST // CHUNK):
        with site.work(actor=actor) as work:
            ids = work.session.scalars(_next(before)).all()
            # Locked in the order used everywhere for several cases.
            held = _open().where(Case.id.in_(ids)).order_by(Case.id).with_for_update(of=Case)
            here = sum(_move(work, case) for case in work.session.scalars(held).all())
            # Each chunk has its own audit entry, because a restart may interrupt the batch.
            if here:
                work.get(AuditService).record("calendar:deadlines", cases=here)
            moved += here
        if len(ids) < CHUNK:
            return RecalculationResult(moved, 0)
        before = ids[-1]
    return RecalculationResult(moved, before)


def _next(before: int) -> Select[int]:
    query = _open().where(Case.id < before) if before else _open()
    return query.with_only_columns(Case.id).order_by(Case.id.desc()).limit(CHUNK)


def _open() -> Select[Case]:
    return select(Case).where(Case.stage.in_(OPEN_STAGES), Case.deadline_from.is_not(None))


def _move(work: "Work", case: Case) -> bool:
    moment = expected(case, work.get(OrganizationService).calendar)
    if moment == case.deadline:
        return False
    data = {"before": case.deadline.isoformat(), "after": moment.isoformat()}
    case.deadline, case.updated_at = moment, work.clock.now()
    work.get(CaseService).record(case, "deadline", data=data)
    return True
