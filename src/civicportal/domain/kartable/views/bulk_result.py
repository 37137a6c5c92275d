"""Results of a bulk action at a separate URL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Self

from pyramid.httpexceptions import HTTPSeeOther
from sqlalchemy import select
from translationstring import TranslationString

from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.models import Case
from civicportal.domain.exports.pages import list_pages
from civicportal.domain.kartable.bulk import Outcome
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms.filters import LONGEST_QUERY, parse_query, with_query
from civicportal.web.request import Request, ViewResult

KEY = "kartable:bulk"
MOST_LETTERS = 60
"""Of the name of a route."""


@dataclass(frozen=True, kw_only=True)
class ReturnLink:
    """The list to which a page leads back."""

    url: str
    title: TranslationString | str


@dataclass(frozen=True, kw_only=True)
class SourceList:
    """The list where cases were selected.

    :ivar route: name of its route.
    :ivar query: its query string.
    """

    route: str = "kartable"
    query: str = ""

    @classmethod
    def sent(cls, request: Request) -> Self:
        """Return the list that the submitted form names."""
        route, query = (str(request.POST.get(name, "")) for name in ("list", "query"))
        return cls(route=route[:MOST_LETTERS], query=query if len(query) <= LONGEST_QUERY else "")

    def link(self, request: Request) -> ReturnLink:
        """Return the link to the list with its filters; to the kartable for an unknown list."""
        if self.route == "team":
            return ReturnLink(url=request.route_path("team"), title=_("My team"))
        pages = list_pages(request.site.exports)
        route = self.route if self.route in pages else "kartable"
        url = with_query(request.route_path(route), parse_query(self.query))
        return ReturnLink(url=url, title=pages[route].title)


def show_later(
    request: Request,
    outcomes: Sequence[Outcome],
    title: TranslationString,
    *,
    undoable: bool,
    source: SourceList,
) -> HTTPSeeOther:
    """Store the results and redirect to their page.

    Thus reloading repeats nothing.

    :param undoable: offer to undo all of it while that is possible.
    :param source: the list to which the results link back.
    """
    reasons = [request.translate(one.reason) if one.reason else "" for one in outcomes]
    # Many cases are refused for one reason: store it once.
    texts = list(dict.fromkeys(reasons))
    kept = {
        "title": request.translate(title),
        "at": request.work.clock.now().isoformat(),
        "texts": texts,
        "source": asdict(source),
        "rows": [
            [one.code, one.event_id if undoable else None, texts.index(reason)]
            for one, reason in zip(outcomes, reasons, strict=True)
        ],
    }
    request.work.get(SessionService).keep_visitor_data(request.ensure_session_token(), KEY, kept)
    return HTTPSeeOther(request.route_path("kartable.bulk_result"))


def result(request: Request) -> ViewResult:
    """Show the result of each case.

    Redirect to the list if none is stored.
    """
    kept = request.work.get(SessionService).visitor_data(request.ensure_session_token(), KEY)
    if kept is None:
        return HTTPSeeOther(request.route_path("kartable"))
    source = SourceList(**kept.get("source", {}))
    codes = [code for code, _event, _reason in kept["rows"]]
    query = select(Case.code, Case.subject).where(Case.code.in_(codes), visible(request.identity))
    subjects = dict(request.work.session.execute(query).all())
    return {
        "title": kept["title"],
        "source": source,
        "back": source.link(request),
        "outcomes": [
            {"code": code, "subject": subjects.get(code, ""), "reason": kept["texts"][reason]}
            for code, _event, reason in kept["rows"]
        ],
        "undo": [f"{code}:{event}" for code, event, _reason in kept["rows"] if event]
        if _fresh(request, kept)
        else [],
    }


def _fresh(request: Request, kept: Values) -> bool:
    seconds = request.site.settings["notifications"]["undo_seconds"]
    passed: timedelta = request.work.clock.now() - datetime.fromisoformat(kept["at"])
    return passed < timedelta(seconds=seconds)
