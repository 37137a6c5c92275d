"""How often the database is asked: a page that asks once more for each of its rows is quick in a test and slow in a city."""

from contextlib import AbstractContextManager

from civicportal.core.site import Site
from civicportal.web import counting


def statements(site: Site) -> AbstractContextManager[list[str]]:
    """Collect the texts of all statements that the site sends meanwhile in this thread, but for those about transactions.

    ``with statements(site) as texts: app.get(…)``, and ``len(texts)`` is the same however many rows there are.
    """
    return counting.statements(site.engines.read)
