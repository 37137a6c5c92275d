"""Deadlines of open cases after the calendar of the city has changed: nothing moves until somebody asks for it."""

from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from civicportal.audit.services import AuditService
from civicportal.cases.deadlines import expected
from civicportal.cases.models import Case
from civicportal.cases.services import CaseService
from civicportal.cases.workflow import OPEN_STAGES
from civicportal.organization.services import OrganizationService
from civicportal.security import Identity

if TYPE_CHECKING:
    from civicportal.site import Site
    from civicportal.work import Work

CHUNK = 200
"""Cases moved in one transaction."""
MOST = 5000
"""Open cases that are looked at to say how many would move."""


def misplaced(work: "Work") -> int:
    """Return of how many open cases, the newest first, the calendar would move the deadline."""
    calendar = work.get(OrganizationService).calendar
    cases = work.session.scalars(_open().order_by(Case.id.desc()).limit(MOST))
    return sum(expected(case, calendar) != case.deadline for case in cases)


def move_deadlines(site: "Site", actor: Identity) -> int:
    """Move the deadlines of all open cases to where the calendar puts them; each is an event of its case.

    Must not be called while the same thread has a writing unit of work open.

    :returns: how many have moved.
    """
    moved = last = 0
    while True:
        with site.work(actor=actor) as work:
            query = _open().where(Case.id > last).order_by(Case.id).limit(CHUNK).with_for_update(of=Case)
            cases = work.session.scalars(query).all()
            moved += sum(_move(work, case) for case in cases)
            if len(cases) < CHUNK:
                work.get(AuditService).record("calendar:deadlines", cases=moved)
                return moved
            last = cases[-1].id


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
