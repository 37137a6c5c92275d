"""What the worker does with the trail: seal it behind the writers, and verify it once a day."""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from civicportal.audit.seals import SealService
from civicportal.audit.services import AuditService
from civicportal.audit.trail import UNDER_WAY, VERIFIED, TrailService
from civicportal.jobs import Job

if TYPE_CHECKING:
    from civicportal.site import Site
    from civicportal.work import Work

log = logging.getLogger(__name__)
PAUSE = timedelta(days=1)
"""From the end of one verification of the whole trail to the beginning of the next."""
MOST_SEALS = 200
"""Seals that are verified at a time, each over a thousand rows at most: the other jobs, and a lease, wait no longer."""
MOST_FLAWS = 10
"""Flaws that are kept in the event of a verification; all of them are logged."""


def seal(site: "Site") -> None:
    """Seal what is old enough, a thousand rows in a transaction."""
    late = True
    while True:
        with site.work() as work:
            if not work.get(SealService).seal(late=late):
                return
        # Who was passed over has been looked for a moment ago.
        late = False


def verify(site: "Site") -> None:
    """Verify all seals once a day, some at a time, write down what came out, and log the newest for who keeps logs elsewhere."""
    with site.work(write=False) as work:
        before = _so_far(work)
        if before is None:
            return
        service = work.get(SealService)
        found, newest = service.verify_on(before["last"], MOST_SEALS), service.last()
    for flaw in found.flaws:
        log.error("audit: seal %s of %s: %s", flaw.seal, flaw.source, flaw.problem.interpolate())
    is_whole = found.seals < MOST_SEALS
    if is_whole and newest:
        log.warning("audit anchor %s", newest.anchor)
    flaws = [*before["flaws"], *(f"{flaw.seal} {flaw.source}" for flaw in found.flaws)]
    with site.work() as work:
        work.get(AuditService).record(
            VERIFIED if is_whole else UNDER_WAY,
            seals=before["seals"] + found.seals,
            rows=before["rows"] + found.rows,
            flaws=flaws[:MOST_FLAWS],
            last=found.last,
        )


def _so_far(work: "Work") -> dict[str, Any] | None:
    """Return what the steps until now have looked at and found; None while the next verification is not due."""
    last = work.get(TrailService).last(VERIFIED, UNDER_WAY)
    if last is not None and last.action == UNDER_WAY:
        return last.data
    is_due = last is None or last.at <= work.clock.now() - PAUSE
    return {"last": 0, "seals": 0, "rows": 0, "flaws": []} if is_due else None


JOBS = (
    Job(name="core.audit-seal", every=timedelta(minutes=1), run=seal),
    Job(name="core.audit-verify", every=timedelta(minutes=5), run=verify),
)
