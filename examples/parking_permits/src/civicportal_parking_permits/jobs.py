"""Jobs: permits expire, and their holders are reminded before."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import Select, select

from civicportal.api.cases import Case, CaseService
from civicportal.api.database import Work
from civicportal.api.notifications import NotificationService
from civicportal.api.plugins import Job, Site
from civicportal_parking_permits.models import Permit
from civicportal_parking_permits.services import PermitService, last_moment

EVERY = timedelta(hours=1)
AT_ONCE = 50
"""Permits in one transaction."""


def jobs() -> Sequence[Job]:
    """Return the jobs."""
    return (
        Job(name="parking_permits.expire", every=EVERY, run=lambda site: _in_pieces(site, expire)),
        Job(name="parking_permits.remind", every=EVERY, run=lambda site: _in_pieces(site, remind)),
    )


def expire(work: Work) -> int:
    """Expire permits whose last day has passed; return their number."""
    today = work.site.calendar.today(work.clock.now())
    found = work.session.execute(_issued().where(Permit.last_day < today)).all()
    for _permit, case in found:
        work.get(CaseService).apply(case, "expire")
    return len(found)


def remind(work: Work) -> int:
    """Remind holders once that their permit ends soon; return the number of examined permits."""
    until = work.get(PermitService).renewed_until()
    query = _issued().where(Permit.last_day <= until, Permit.reminded_at.is_(None))
    found = work.session.execute(query).all()
    for permit, case in found:
        permit.reminded_at = work.clock.now()
        last = last_moment(work, permit)
        work.get(NotificationService).remind(
            case,
            "parking_permits.renewal",
            moment=last,
            once=f"parking_permits.renewal:{case.id}",
            expires_at=last + timedelta(days=1),
        )
    return len(found)


def _issued() -> Select[Permit, Case]:
    """Return a query for permits in force, ordered by their end; concurrent workers get different rows."""
    return (
        select(Permit, Case)
        .join(Case, Case.id == Permit.case_id)
        .where(Case.status == "issued")
        .order_by(Permit.last_day, Permit.case_id)
        .limit(AT_ONCE)
        .with_for_update(of=Permit, skip_locked=True)
    )


def _in_pieces(site: Site, piece: Callable[[Work], int]) -> None:
    done = AT_ONCE
    while done == AT_ONCE:
        with site.work() as work:
            done = piece(work)
