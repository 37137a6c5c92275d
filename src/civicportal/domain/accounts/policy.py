"""Pyramid's security policy: who sends the request, and which pages they may open."""

from typing import Any

from pyramid.interfaces import ISecurityPolicy
from pyramid.request import RequestLocalCache
from pyramid.security import Allowed, Denied
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from zope.interface import implementer

from civicportal.core.security import (
    CITIZEN,
    EVERYBODY,
    SIGNED_IN,
    STAFF,
    VISITOR,
    Identity,
)
from civicportal.domain.accounts.factors import ENROLMENT_PAGES
from civicportal.domain.accounts.identity import load_identity
from civicportal.domain.audit.services import AuditService
from civicportal.web.request import Request

GONE = (DBAPIError, PoolTimeout)
"""How it shows that the database does not answer."""


@implementer(ISecurityPolicy)
class SecurityPolicy:
    """Reads the session once per request, and not at all for pages that ask for nobody."""

    def __init__(self) -> None:
        self._identities = RequestLocalCache(_load)

    def identity(self, request: Request) -> Identity:
        """Return who sends the request; a visitor if nobody is signed in."""
        identity: Identity = self._identities.get_or_create(request)
        return identity

    def authenticated_userid(self, request: Request) -> str | None:
        """Return the person's id as text."""
        user_id = self.identity(request).user_id
        return None if user_id is None else str(user_id)

    def permits(self, request: Request, context: Any, permission: str) -> Any:
        """Return whether the page may be opened; which objects it shows is decided by the services."""
        if permission == EVERYBODY or self._permits(request, permission):
            return Allowed("%s", permission)
        return Denied("%s", permission)

    def _permits(self, request: Request, permission: str) -> bool:
        identity = self.identity(request)
        route = getattr(request.matched_route, "name", None)
        if identity.must_enrol and route not in ENROLMENT_PAGES:
            return False
        return _permits(identity, permission)

    def remember(self, request: Request, userid: str, **kw: Any) -> list[tuple[str, str]]:
        """Return no headers: sessions are opened by :func:`civicportal.domain.accounts.signing.sign_in`."""
        return []

    def forget(self, request: Request, **kw: Any) -> list[tuple[str, str]]:
        """Return no headers: sessions are ended by :func:`civicportal.domain.accounts.signing.sign_out`."""
        return []


def _permits(identity: Identity, permission: str) -> bool:
    if permission == SIGNED_IN:
        return identity.is_citizen or identity.is_staff
    if permission == CITIZEN:
        return identity.is_citizen
    if permission == STAFF:
        return identity.is_staff
    return identity.is_staff and identity.permits(permission)


def _load(request: Request) -> Identity:
    # The page which says that the database is gone must not ask it who reads it.
    if request.session_token is None or isinstance(request.exception, GONE):
        return VISITOR
    try:
        return load_identity(request.registry.site, request.session_token)
    except GONE:
        if request.exception is None:
            raise
        # Another error has its page all the same.
        return VISITOR


def record_denial(request: Request) -> None:
    """Write into the trail that a person asked for a page which is not theirs."""
    identity = request.identity
    if identity.user_id is None:
        return
    with request.registry.site.work(actor=identity) as work:
        work.get(AuditService).record(
            "access:denied", method=request.method, path=request.path[:200], address=request.remote_addr or ""
        )
