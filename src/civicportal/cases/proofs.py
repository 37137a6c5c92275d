"""Which tracking codes this browser has shown the second part of; kept with the session on the server."""

from typing import Any

from pyramid.httpexceptions import HTTPForbidden

from civicportal.accounts.sessions import SessionService
from civicportal.cases.follow_up import FollowUpService
from civicportal.cases.models import Case
from civicportal.cases.services import CaseService
from civicportal.errors import NotFound

NAME = "proved"
MOST = 10


def proved_codes(request: Any) -> frozenset[str]:
    """Return the codes; empty without a session."""
    if request.session_token is None:
        return frozenset()
    return frozenset(_kept(request.work.get(SessionService), request.session_token))


def fetch_own_or_proved(request: Any, code: str) -> Case:
    """Return a case to its signed-in citizen, or to a browser that has shown the second part of its code.

    :raises HTTPForbidden: for a visitor who has shown none: it shows them the door.
    :raises NotFound: for everybody else.
    """
    work, proved = request.work, proved_codes(request)
    if request.identity.door == "visitor" and code not in proved:
        raise HTTPForbidden
    if request.identity.is_citizen:
        try:
            own: Case = work.get(CaseService).fetch_own(code)
        except NotFound:
            pass
        else:
            return own
    found: Case = work.get(FollowUpService).fetch_proved(code, proved)
    return found


def keep_proof(request: Any, code: str) -> None:
    """Remember a code, and forget the oldest of too many."""
    sessions, token = request.work.get(SessionService), request.ensure_session_token()
    codes = [kept for kept in _kept(sessions, token) if kept != code]
    sessions.keep_visitor_data(token, NAME, [*codes, code][-MOST:])


def _kept(sessions: SessionService, token: str) -> list[str]:
    return list(sessions.visitor_data(token, NAME) or ())
