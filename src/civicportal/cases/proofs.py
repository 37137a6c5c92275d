"""Which tracking codes this browser has shown the second part of; kept with the session on the server.

Of a code a mark is kept that only this browser's cookie can make: whoever has signed in and looks after their anonymous
message leaves nothing by which its case could be found.
"""

from collections.abc import Container

from pyramid.httpexceptions import HTTPForbidden

from civicportal.accounts.sessions import SessionService
from civicportal.cases.follow_up import FollowUpService
from civicportal.cases.models import Case
from civicportal.cases.services import CaseService
from civicportal.crypto import Keys
from civicportal.errors import NotFound
from civicportal.web.request import Request

NAME = "proved"
MOST = 10


class Proofs(Container[str]):
    """The codes that a browser has proved: one can ask for a code, but not which they are."""

    def __init__(self, keys: Keys, token: str, marks: list[str]) -> None:
        self._keys, self._token, self._marks = keys, token, marks

    def __contains__(self, code: object) -> bool:
        return bool(self._marks) and self._mark(str(code)) in self._marks

    def __len__(self) -> int:
        return len(self._marks)

    def with_code(self, code: str) -> list[str]:
        """Return what to keep once a further code was proved, the oldest of too many left out."""
        mark = self._mark(code)
        return [*(kept for kept in self._marks if kept != mark), mark][-MOST:]

    def _mark(self, code: str) -> str:
        return self._keys.mac("proved", self._token, code).hex()


def proved_codes(request: Request) -> Proofs:
    """Return the codes; empty without a session."""
    return _proofs(request, request.session_token or "")


def fetch_own_or_proved(request: Request, code: str) -> Case:
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


def keep_proof(request: Request, code: str) -> None:
    """Remember a code, and forget the oldest of too many."""
    token = request.ensure_session_token()
    kept = _proofs(request, token).with_code(code)
    request.work.get(SessionService).keep_visitor_data(token, NAME, kept)


def _proofs(request: Request, token: str) -> Proofs:
    kept = request.work.get(SessionService).visitor_data(token, NAME) if token else None
    return Proofs(request.site.keys, token, list(kept or ()))
