"""Tracking codes that a browser has verified.

Only a keyed mark of each code is stored, which needs this browser's cookie: the session of a signed-in person who
checks an anonymous message does not reveal its case.
"""

from collections.abc import Container

from civicportal.core.crypto import Keys
from civicportal.domain.accounts.sessions import SessionService
from civicportal.web.request import Request

NAME = "proved"
MOST = 10


class Proofs(Container[str]):
    """The verified codes of a browser.

    They can be tested, not listed.
    """

    def __init__(self, keys: Keys, token: str, marks: list[str]) -> None:
        self._keys, self._token, self._marks = keys, token, marks

    def __contains__(self, code: object) -> bool:
        return bool(self._marks) and self._mark(str(code)) in self._marks

    def __len__(self) -> int:
        return len(self._marks)

    def with_code(self, code: str) -> list[str]:
        """Return the stored value with a further code.

        The oldest of too many is dropped.
        """
        mark = self._mark(code)
        return [*(kept for kept in self._marks if kept != mark), mark][-MOST:]

    def _mark(self, code: str) -> str:
        return self._keys.mac("proved", self._token, code).hex()


def proved_codes(request: Request) -> Proofs:
    """Return the verified codes; empty without a session."""
    return _proofs(request, request.session_token or "")


def keep_proof(request: Request, code: str) -> None:
    """Store a verified code, and drop the oldest of too many."""
    token = request.ensure_session_token()
    kept = _proofs(request, token).with_code(code)
    request.work.get(SessionService).keep_visitor_data(token, NAME, kept)


def _proofs(request: Request, token: str) -> Proofs:
    kept = request.work.get(SessionService).visitor_data(token, NAME) if token else None
    return Proofs(request.site.keys, token, list(kept or ()))
