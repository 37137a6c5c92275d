"""Findings about reports."""

from collections.abc import Iterator

from civicportal.api.database import Work
from civicportal.api.plugins import Finding
from civicportal_reports.categories import other_category, topics
from civicportal_reports.i18n import _


def findings(work: Work) -> Iterator[Finding]:
    """Yield the problems, each with its remedy."""
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
