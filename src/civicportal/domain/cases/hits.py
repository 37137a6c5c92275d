"""Pages of lists that words narrow to few cases: these are gathered once, for the page and for how many there are."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from civicportal.domain.cases.models import Case
from civicportal.domain.cases.paging import Page, PageWindow, Sort, case_page
from civicportal.domain.cases.search import CaseSearch
from civicportal.util.lists import MOST_COUNTED, Total, so_many
from civicportal.util.queries import Rows

if TYPE_CHECKING:
    from civicportal.core.work import Work


def searched_page(
    work: "Work",
    kind: str,
    typed: str,
    filtered: Callable[..., Rows],
    rows: Rows,
    *,
    sort: Sort,
    cursor: str | None = None,
    since: datetime | None = None,
) -> Page:
    """Return one page of a list by words, in one statement; with its total where the words narrow it to few cases.

    Then they are looked at by what is asked alone, and only those of the page are read with all that a row shows.

    :param kind: name of the only kind that is listed.
    :param typed: words by which the list is narrowed among others; may be empty.
    :param filtered: returns the query of the list for columns.
    :param rows: the query of what a row shows, its first column ``Case``; nothing narrows it.
    :param cursor: of the address; anything unreadable means the first page.
    :param since: no case of the list was registered before, see :meth:`CaseFilters.since`.
    """
    proposal = work.get(CaseSearch).proposal(typed, kind) if typed else None
    if proposal is not None and proposal.is_empty:
        return Page(rows=[], next=None, previous=None, total=Total(0))
    if proposal is None or not proposal.complete:
        shown = (column["expr"] for column in rows.column_descriptions)
        return case_page(work.session, filtered(*shown), sort=sort, cursor=cursor, since=since)
    hits = filtered(Case.id, sort.column.label("moment")).cte("hits").prefix_with("MATERIALIZED")
    window = PageWindow(sort, cursor)
    wanted = window.narrow(select(hits.c.id), hits.c.moment, hits.c.id).subquery()
    number = select(func.count()).select_from(hits).scalar_subquery()
    found = work.session.execute(
        window.narrow(rows.join(wanted, wanted.c.id == Case.id).add_columns(number.label("hits")))
    ).all()
    total = so_many(found[0].hits, MOST_COUNTED) if found else None if cursor else Total(0)
    return window.page([row[:-1] for row in found], total)
