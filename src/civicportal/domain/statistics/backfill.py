"""Backfill of measures and counters."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update

from civicportal.core.jobs import Job
from civicportal.domain.cases.models import Case
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.statistics.services import StatisticsService
from civicportal.util.calendar.elapsed import ElapsedTime

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

BATCH = 2000
"""Cases per transaction."""
PATIENCE = 60
"""Statement timeout in seconds for reading the cases of a month."""
_UNMEASURED = (Case.closed_at.is_not(None), Case.handling_minutes.is_(None))


def measure(site: "Site") -> int:
    """Store missing handling times of closed cases.

    Must not be called while the same thread has a writing unit of work open. What was measured stays measured if it is
    interrupted; the next call continues.

    :returns: how many were measured.
    """
    total = 0
    while True:
        with site.work() as work:
            found = _measure_some(work)
        total += found
        if found < BATCH:
            return total


def catch_up(site: "Site") -> None:
    """Rebuild the counters if cases were imported.

    If there are none or cases were imported; the imported cases are then measured.

    In this order, so that the next run repeats both if this one is interrupted. Monthly sums are checked
    too: an older release that still runs does not maintain them.
    """
    with site.work(write=False) as work:
        missing = work.get(StatisticsService).missing() or _are_unmeasured(work)
    if missing:
        rebuild(site)
        measure(site)
    else:
        sum_up(site)


def sum_up(site: "Site") -> None:
    """Rebuild wrong monthly counters, and the totals."""
    with site.work(write=False) as work:
        service = work.get(StatisticsService)
        wrong = {key.day for key in service.verify_months()}
        spans = [span for span in service.months() if any(map(span.holds, wrong))]
        has_wrong_totals = not spans and service.verify_totals()
    for span in spans:
        with site.work() as work:
            work.get(StatisticsService).sum_up(span)
    if has_wrong_totals:
        with site.work() as work:
            work.get(StatisticsService).rebuild_totals()


def rebuild(site: "Site") -> int:
    """Rebuild the counters, one month per short transaction.

    Must not be called while the same thread has a writing unit of work open.

    :returns: how many there are.
    """
    with site.work(write=False) as work:
        spans = list(work.get(StatisticsService).months())
    for span in spans:
        with site.work(patience=PATIENCE) as work:
            work.get(StatisticsService).rebuild_month(span)
    with site.work(write=False) as work:
        return work.get(StatisticsService).number()


def _are_unmeasured(work: "Work") -> bool:
    return work.session.scalar(select(Case.id).where(*_UNMEASURED).limit(1)) is not None


def _measure_some(work: "Work") -> int:
    columns = (Case.id, Case.created_at, Case.closed_at)
    query = select(*columns).where(*_UNMEASURED).order_by(Case.id).limit(BATCH)
    rows = work.session.execute(query).all()
    if not rows:
        return 0
    calendar = work.get(OrganizationService).calendar
    elapsed = ElapsedTime(calendar, min(row.created_at for row in rows), max(row.closed_at for row in rows))
    values = [
        {
            "case": row.id,
            "minutes": round(elapsed.between(row.created_at, row.closed_at).total_seconds() / 60),
        }
        for row in rows
    ]
    # By primary key and without the version, so that open forms are not outdated.
    table: Any = Case.__table__
    statement = (
        update(table).where(table.c.id == bindparam("case")).values(handling_minutes=bindparam("minutes"))
    )
    work.session.connection().execute(statement, values)
    return len(rows)


JOBS = (Job(name="statistics.catch_up", every=timedelta(minutes=10), lane="long", run=catch_up),)
