"""The list: saved views, filters, search."""

from dataclasses import replace
from typing import TYPE_CHECKING

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response

from civicportal.domain.cases.finding import FindService, filters_found, redirect_to_case, typed_search
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.paging import Page
from civicportal.domain.cases.suggestions import SuggestionService
from civicportal.domain.kartable.filters import ADDRESS, InboxAddress
from civicportal.domain.kartable.inbox import EVERYWHERE, OCCASIONAL, InboxCounts, InboxService
from civicportal.domain.kartable.inquiries import InquiryService, OpenInquiry
from civicportal.domain.kartable.news import NewsService
from civicportal.domain.kartable.rows import InboxItem, RowService
from civicportal.domain.kartable.schemas import SORT_TITLES
from civicportal.domain.kartable.team import TeamService, inbox_of
from civicportal.util.i18n import _, localized_digits
from civicportal.util.lists import Total
from civicportal.web.request import Request
from civicportal.web.schema import whole_number

if TYPE_CHECKING:
    from civicportal.core.work import Work

BACK, DEFAULT = "jobs_ended", "all"
"""Names of views."""
CONTRACTED = "contracted"
"""The view of cases that a contractor has answered."""
MOST_ABOVE = 5
"""Maximum of these that stand above the list."""


def inbox(request: Request) -> dict[str, object]:
    """Show one view of the kartable with the filters of the URL."""
    work = request.work
    address = InboxAddress(request, work)
    service = inbox_of(work, address.filters)
    page = service.page(address.view, address.filters, sort=address.sort, cursor=address.cursor)
    counts = service.counts(address.filters)
    found = [(case, referral) for case, referral in page.rows]
    if _starts_with_those_back(address, counts):
        back = [(case, referral) for case, referral in service.page(BACK, address.filters).rows]
        found = [*back, *(row for row in found if row not in back)]
    offered = {
        name: title
        for name, title in address.views.items()
        if name == address.view or name not in OCCASIONAL or counts.views[name].number
    }
    return {
        "address": address,
        "form": address.form,
        "views": offered,
        "everywhere": EVERYWHERE,
        "leads": work.get(TeamService).leads,
        "sorts": {name: SORT_TITLES[name] for name in address.sorts},
        "counts": counts.views,
        "total": _total(service, address, page) if address.view == EVERYWHERE else None,
        "instead": "" if page.rows else _instead(work, address),
        "answered": _answered(work, address, service, counts) if not address.cursor else [],
        "rows": work.get(RowService).rows(found),
        "inquiries": _inquiries(work, address, page),
        "names": work.get(RowService).names_found((row[0] for row in page.rows), address.filters.words),
        "next_url": address.url(cursor=page.next) if page.next else None,
        "previous_url": address.url(cursor=page.previous) if page.previous else None,
        "now": work.clock.now(),
        "newest": counts.newest,
    }


def _starts_with_those_back(address: InboxAddress, counts: InboxCounts) -> bool:
    """Return whether the page begins with the cases that came back from their jobs."""
    usual = address.view == DEFAULT and address.sort == address.sorts[0] and not address.cursor
    return usual and bool(counts.views[BACK].number)


def _answered(
    work: "Work", address: InboxAddress, service: InboxService, counts: InboxCounts
) -> list[InboxItem]:
    """Return the cases with an answer of a contractor, which stand above the first page of all open ones."""
    if address.view != "all" or not counts.views[CONTRACTED].number:
        return []
    page = service.page(CONTRACTED, address.filters, sort="updated")
    return work.get(RowService).rows(page.rows[:MOST_ABOVE])


def _inquiries(work: "Work", address: InboxAddress, page: Page) -> dict[int, list[OpenInquiry]]:
    """Return what the cases of the view of inquiries wait for, by case id."""
    if address.view != "asked":
        return {}
    return work.get(InquiryService).waiting_by_case([row[0] for row in page.rows])


def _total(service: InboxService, address: InboxAddress, page: Page) -> Total:
    return service.total(EVERYWHERE, address.filters) if page.total is None else page.total


def news(request: Request) -> Response:
    """Return as JSON the number of newly arrived cases."""
    count = request.work.get(NewsService).count(whole_number(request.GET.get("since", "")))
    shown = localized_digits(str(count), request.locale_name)
    text = request.translate(_("New cases: ${n}. Show them", mapping={"n": shown})) if count else ""
    return Response(json={"count": count, "text": text}, cache_control="no-store")


def _instead(work: "Work", address: InboxAddress) -> str:
    """Return alternative words for a search without results."""
    filters = address.filters
    if not filters.words or address.cursor:
        return ""
    inbox = inbox_of(work, filters)
    return work.get(SuggestionService).instead_of(
        filters.words, lambda words: inbox.query(address.view, replace(filters, words=words), Case.id)
    )


def search(request: Request) -> HTTPSeeOther:
    """Redirect a search to a case or a list, without storing numbers of people."""
    text = typed_search(request)
    if not text:
        return HTTPSeeOther(ADDRESS)
    found = request.work.get(FindService).read(text)
    if case := redirect_to_case(request, found):
        return case
    query = {"view": EVERYWHERE, **filters_found(request, found, "q")}
    return HTTPSeeOther(request.route_path("kartable", _query=query))
