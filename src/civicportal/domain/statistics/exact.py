"""Exact count of a list on request."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from civicportal.domain.statistics.reading import PATIENCE
from civicportal.util.lists import Total, count_all
from civicportal.util.queries import Rows
from civicportal.web.request import Request

if TYPE_CHECKING:
    from civicportal.core.work import Work

ASKED, EXACT = "count", "exact"
"""URL parameter that requests it; no link of the list keeps it."""


def list_total(request: Request, total: Total, query: "Callable[[Work], Rows]") -> Total:
    """Return the total of a list, exact if its URL requests that, which may take as long as statistics do.

    :param total: as far as a page counts.
    :param query: returns the list's own query in a unit of work.
    """
    if total.exact or request.GET.get(ASKED) != EXACT:
        return total
    with request.site.work(
        actor=request.identity, write=False, patience=PATIENCE, locale=request.locale_name
    ) as work:
        return count_all(work.session, query(work))
