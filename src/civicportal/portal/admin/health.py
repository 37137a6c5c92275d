"""Health check of the portal, run in the background.

It may call other machines; pages show the stored result.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from civicportal.core.checks import Finding, collect_findings
from civicportal.core.jobs import Job
from civicportal.core.limits import findings as site_limits
from civicportal.core.plugins import CORE
from civicportal.portal.admin.models import HealthCheck
from civicportal.util.i18n import say

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

THE_ONE = 1


def check(site: "Site") -> None:
    """Check the portal and store the findings."""
    with site.work(write=False) as work:
        found = [_plain(site, owner, finding) for owner, finding in collect_findings(work)]
    with site.work() as work:
        work.session.merge(HealthCheck(id=THE_ONE, at=work.clock.now(), findings=found))


def last_check(work: "Work") -> HealthCheck | None:
    """Return the result of the last check, if any."""
    return work.session.get(HealthCheck, THE_ONE)


def current(work: "Work") -> list[dict[str, object]]:
    """Return the findings of the last check.

    Those about site-wide limits, which change quickly, are current.
    """
    last = last_check(work)
    kept = [
        one for one in (last.findings if last else []) if not str(one["place"]).startswith(site_limits.PLACE)
    ]
    return [_plain(work.site, CORE, finding) for finding in site_limits.findings(work)] + kept


def _plain(site: "Site", owner: str, finding: Finding) -> dict[str, object]:
    localizers = {language: site.localizer(language) for language in site.languages}
    return {
        "owner": owner,
        "level": finding.level,
        "place": finding.place,
        "text": {language: say(finding.text, one) for language, one in localizers.items()},
        "remedy": {language: say(finding.remedy, one) for language, one in localizers.items()},
    }


JOBS = (Job(name="core.health", every=timedelta(hours=1), lane="long", run=check),)
