"""Jobs of the audit trail: sealing, and a daily verification."""

import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from civicportal.core.jobs import Job
from civicportal.domain.audit.seals import SealService
from civicportal.domain.audit.services import AuditService
from civicportal.domain.audit.trail import UNDER_WAY, VERIFIED, TrailService

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

log = logging.getLogger(__name__)
PAUSE = timedelta(days=1)
"""Pause between two verifications of the whole trail."""
MOST_SEALS = 200
"""Seals verified per unit of work; a seal covers a minute of writing, at most a thousand rows."""
RUN_SECONDS = 120
"""Maximum duration of a run, so that other jobs of the lane do not wait."""
MOST_FLAWS = 10
"""Maximum flaws stored in the event of a verification; all of them are logged."""


def seal(site: "Site") -> None:
    """Seal new rows of the audit trail, a thousand per transaction."""
    late = True
    while True:
        with site.work() as work:
            if not work.get(SealService).seal(late=late):
                return
        # Late rows were looked for a moment ago.
        late = False


def verify(site: "Site") -> None:
    """Verify all seals of the audit trail once a day in batches.

    It stores the result, and logs the newest seal for external log storage.
    """
    with site.work(write=False) as work:
        so_far = _so_far(work)
    if so_far is None:
        return
    ends = time.monotonic() + RUN_SECONDS
    is_whole = _step(site, so_far)
    while not is_whole and time.monotonic() < ends:
        is_whole = _step(site, so_far)
    with site.work() as work:
        work.get(AuditService).record(VERIFIED if is_whole else UNDER_WAY, **so_far)


def _step(site: "Site", so_far: dict[str, Any]) -> bool:
    """Verify the next batch; return whether it was the last."""
    with site.work(write=False) as work:
        service = work.get(SealService)
        found, newest = service.verify_on(so_far["last"], MOST_SEALS), service.last()
    for flaw in found.flaws:
        log.error("audit: seal %s of %s: %s", flaw.seal, flaw.source, flaw.problem.interpolate())
    flaws = [*so_far["flaws"], *(f"{flaw.seal} {flaw.source}" for flaw in found.flaws)]
    so_far["seals"] += found.seals
    so_far["rows"] += found.rows
    so_far |= {"last": found.last, "flaws": flaws[:MOST_FLAWS]}
    is_whole = found.seals < MOST_SEALS
    if is_whole and newest:
        log.warning("audit anchor %s", newest.anchor)
    return is_whole


def _so_far(work: "Work") -> dict[str, Any] | None:
    """Return the results of previous batches.

    It is None while the next verification is not due.
    """
    last = work.get(TrailService).last(VERIFIED, UNDER_WAY)
    if last is not None and last.action == UNDER_WAY:
        return dict(last.data)
    is_due = last is None or last.at <= work.clock.now() - PAUSE
    return {"last": 0, "seals": 0, "rows": 0, "flaws": []} if is_due else None


JOBS = (
    Job(name="core.audit-seal", every=timedelta(minutes=1), run=seal),
    Job(name="core.audit-verify", every=timedelta(minutes=5), lane="long", run=verify),
)
