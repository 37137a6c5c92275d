"""Counting of SQL statements, to find pages that query once per row."""

from contextlib import AbstractContextManager

from civicportal.core.site import Site
from civicportal.web import counting


def statements(site: Site) -> AbstractContextManager[list[str]]:
    """Collect the site's statements of this thread.

    ``with statements(site) as texts: app.get(…)``, and ``len(texts)`` must not depend on the number of rows.
    """
    return counting.statements(site.engines.read)
