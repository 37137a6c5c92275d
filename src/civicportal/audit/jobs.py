"""What the worker does with the trail: seal it behind the writers, and verify it every night."""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from civicportal.audit.seals import SealService
from civicportal.audit.services import AuditService
from civicportal.jobs import Job

if TYPE_CHECKING:
    from civicportal.site import Site

log = logging.getLogger(__name__)
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
    """Verify every seal, write down what came out, and log the newest seal for whoever keeps logs elsewhere."""
    with site.work(write=False) as work:
        service = work.get(SealService)
        found, last = service.verify(), service.last()
    for flaw in found.flaws:
        log.error("audit: seal %s of %s: %s", flaw.seal, flaw.source, flaw.problem.interpolate())
    if last:
        log.warning("audit anchor %s", last.anchor)
    with site.work() as work:
        work.get(AuditService).record(
            "audit:verified",
            seals=found.seals,
            rows=found.rows,
            flaws=[f"{flaw.seal} {flaw.source}" for flaw in found.flaws[:MOST_FLAWS]],
        )


JOBS = (
    Job(name="core.audit-seal", every=timedelta(minutes=1), run=seal),
    Job(name="core.audit-verify", every=timedelta(days=1), run=verify),
)
