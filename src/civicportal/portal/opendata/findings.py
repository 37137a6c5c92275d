"""Findings about open data."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from civicportal.core.checks import Finding
from civicportal.portal.opendata.services import BuildService
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.work import Work

OLD = timedelta(days=2)


def findings(work: "Work") -> Iterator[Finding]:
    """Yield the error of the last build, or that it is old or was never completed."""
    if not work.site.settings["open_data"]["enabled"]:
        return
    service = work.get(BuildService)
    last, good = service.last(), service.last_good()
    if last is not None and last.error:
        yield Finding(
            level="error",
            place="open data",
            text=_("the last build of open data failed: ${reason}", mapping={"reason": last.error}),
            remedy=_("correct the cause, then run civicportal open-data build"),
        )
    elif good is None:
        yield Finding(
            level="warning",
            place="open data",
            text=_("open data were not built yet"),
            remedy=_("check that a worker runs, or run civicportal open-data build"),
        )
    elif work.clock.now() - (good.finished_at or good.started_at) > OLD:
        yield Finding(
            level="warning",
            place="open data",
            text=_("open data were not built for two days"),
            remedy=_("check that a worker runs, or run civicportal open-data build"),
        )
