"""Results of a bulk action at a separate URL."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pyramid.httpexceptions import HTTPSeeOther
from sqlalchemy import select
from translationstring import TranslationString

from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.models import Case
from civicportal.domain.kartable.bulk import Outcome
from civicportal.util.values import Values
from civicportal.web.request import Request, ViewResult

KEY = "kartable:bulk"


def show_later(
    request: Request,
    outcomes: Sequence[Outcome],
    title: TranslationString,
    *,
    undoable: bool,
    route: str = "kartable",
) -> HTTPSeeOther:
    """Store the results and redirect to their page.

    Thus reloading repeats nothing.

    :param undoable: offer to undo all of it while that is possible.
    :param route: name of the route of the page to which the results link back.
    """
    reasons = [request.translate(one.reason) if one.reason else "" for one in outcomes]
    # Many cases are refused for one reason: store it once.
    texts = list(dict.fromkeys(reasons))
    kept = {
        "title": request.translate(title),
        "at": request.work.clock.now().isoformat(),
        "texts": texts,
        "route": route,
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
        "team": kept.get("route") == "team",
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
