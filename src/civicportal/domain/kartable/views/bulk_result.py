"""Results of a bulk action at a separate URL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

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
from civicportal.web.forms.filters import with_query
from civicportal.web.request import Request, ViewResult

KEY = "kartable:bulk"
LONGEST_QUERY = 1000
"""Maximum characters of the query string to which the results link back."""
MOST_FIELDS = 60


@dataclass(frozen=True, kw_only=True)
class ReturnLink:
    """The list to which a page leads back."""

    url: str
    title: TranslationString | str


def return_link(request: Request, route: str, query: str = "") -> ReturnLink:
    """Return the link to a list with its filters; to the kartable for an unknown list.

    :param route: name of the route of the list.
    :param query: its query string.
    """
    if route == "team":
        return ReturnLink(url=request.route_path("team"), title=_("My team"))
    pages = list_pages(request.site.exports)
    route = route if route in pages else "kartable"
    try:
        parts = dict(parse_qsl(query, max_num_fields=MOST_FIELDS))
    except ValueError:
        parts = {}
    return ReturnLink(url=with_query(request.route_path(route), parts), title=pages[route].title)


def show_later(
    request: Request,
    outcomes: Sequence[Outcome],
    title: TranslationString,
    *,
    undoable: bool,
    route: str = "kartable",
    query: str = "",
) -> HTTPSeeOther:
    """Store the results and redirect to their page.

    Thus reloading repeats nothing.

    :param undoable: offer to undo all of it while that is possible.
    :param route: name of the route of the list to which the results link back.
    :param query: its query string.
    """
    reasons = [request.translate(one.reason) if one.reason else "" for one in outcomes]
    # Many cases are refused for one reason: store it once.
    texts = list(dict.fromkeys(reasons))
    kept = {
        "title": request.translate(title),
        "at": request.work.clock.now().isoformat(),
        "texts": texts,
        "route": route,
        "query": query,
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
    codes = [code for code, _event, _reason in kept["rows"]]
    query = select(Case.code, Case.subject).where(Case.code.in_(codes), visible(request.identity))
    subjects = dict(request.work.session.execute(query).all())
    return {
        "title": kept["title"],
        "list": kept.get("route", ""),
        "query": kept.get("query", ""),
        "back": return_link(request, kept.get("route", ""), kept.get("query", "")),
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
