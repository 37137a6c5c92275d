"""Findings about reports."""

from collections.abc import Iterator
from datetime import timedelta

from civicportal.api.database import Work
from civicportal.api.plugins import Finding
from civicportal_reports.categories import other_category, topics
from civicportal_reports.i18n import _
from civicportal_reports.open311_client.services import RemoteService

FAILING_FOR = timedelta(hours=1)
"""How long a server may fail before it is reported."""


def findings(work: Work) -> Iterator[Finding]:
    """Yield the problems, each with its remedy."""
    yield from _remote(work)
    if work.site.map is None:
        yield Finding(
            level="warning",
            place="map",
            text=_("the site has no map: citizens can only write the address of a report"),
            remedy=_("name a GeoJSON file in [map]"),
        )
    found = topics(work)
    if not found:
        yield Finding(
            level="error",
            place="categories",
            text=_("there is no category for reports, so none can be sent"),
            remedy=_("civicportal site load, or add categories under /admin/categories"),
        )
    elif other_category(found) is None:
        yield Finding(
            level="warning",
            place="categories",
            text=_("there is no category for other problems"),
            remedy=_("add a root category without leaves, such as “Other”"),
        )


def _remote(work: Work) -> Iterator[Finding]:
    service = work.get(RemoteService)
    servers = service.servers()
    for server, summary in zip(servers, service.summaries(servers).values(), strict=True):
        stuck = summary.counts.get("dead", 0) + summary.counts.get("unclear", 0)
        since = summary.health.failing_since if summary.health else None
        place = f"Open311 server {server.id}"
        remedy = _("look at it under /desk/reports/servers")
        if server.active and since and since < work.clock.now() - FAILING_FOR:
            yield Finding(
                level="warning",
                place=place,
                text=_("it has not answered for more than an hour"),
                remedy=remedy,
            )
        if stuck:
            yield Finding(
                level="warning",
                place=place,
                text=_("reports that were not delivered: ${count}", mapping={"count": stuck}),
                remedy=remedy,
            )
        if summary.gone:
            yield Finding(
                level="warning",
                place=place,
                text=_(
                    "services that it does not list any more: ${codes}",
                    mapping={"codes": ", ".join(summary.gone)},
                ),
                remedy=remedy,
            )
