"""Which tracking codes this browser has shown the second part of; kept with the session on the server."""

from typing import Any

from civicportal.accounts.sessions import SessionService

NAME = "proved"
MOST = 10


def proved_codes(request: Any) -> frozenset[str]:
    """Return the codes; empty without a session."""
    if request.session_token is None:
        return frozenset()
    return frozenset(_kept(request.work.get(SessionService), request.session_token))


def keep_proof(request: Any, code: str) -> None:
    """Remember a code, and forget the oldest of too many."""
    sessions, token = request.work.get(SessionService), request.ensure_session_token()
    codes = [kept for kept in _kept(sessions, token) if kept != code]
    sessions.keep_visitor_data(token, NAME, [*codes, code][-MOST:])


def _kept(sessions: SessionService, token: str) -> list[str]:
    return list(sessions.visitor_data(token, NAME) or ())
