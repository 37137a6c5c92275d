"""Pyramid's security policy."""

from pyramid.interfaces import ISecurityPolicy
from pyramid.request import RequestLocalCache
from pyramid.security import Allowed, Denied
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from zope.interface import implementer

from civicportal.core.security import Identity, PagePermission
from civicportal.domain.accounts.factors import ENROLMENT_PAGES
from civicportal.domain.accounts.identity import load_identity
from civicportal.domain.audit.services import AuditService
from civicportal.web.request import Request

GONE = (DBAPIError, PoolTimeout)
"""Errors raised when the database is unreachable."""


@implementer(ISecurityPolicy)
class SecurityPolicy:
    """Pyramid's security policy.

    It loads the session once per request, and not at all for pages that do not need it.
    """

    def __init__(self) -> None:
        self._identities = RequestLocalCache(_load)

    def identity(self, request: Request) -> Identity:
        """Return the identity of the request, that of a visitor if no one is signed in."""
        identity: Identity = self._identities.get_or_create(request)
        return identity

    def authenticated_userid(self, request: Request) -> str | None:
        """Return the person's id as text."""
        user_id = self.identity(request).user_id
        return None if user_id is None else str(user_id)

    def permits(self, request: Request, context: object, permission: str) -> Allowed | Denied:
        """Return whether the page may be opened.

        Access to its objects is decided by the services.
        """
        if permission == PagePermission.EVERYBODY or self._permits(request, permission):
            return Allowed("%s", permission)
        return Denied("%s", permission)

    def _permits(self, request: Request, permission: str) -> bool:
        identity = self.identity(request)
        route = getattr(request.matched_route, "name", None)
        if identity.must_enrol and route not in ENROLMENT_PAGES:
            return False
        return _permits(identity, permission)

    def remember(self, request: Request, userid: str, **kw: object) -> list[tuple[str, str]]:
        """Return no headers: sessions are opened by :func:`civicportal.domain.accounts.signing.sign_in`."""
        return []

    def forget(self, request: Request, **kw: object) -> list[tuple[str, str]]:
        """Return no headers: sessions are ended by :func:`civicportal.domain.accounts.signing.sign_out`."""
        return []


def _permits(identity: Identity, permission: str) -> bool:
    if permission == PagePermission.SIGNED_IN:
        return identity.is_citizen or identity.is_staff
    if permission == PagePermission.CITIZEN:
        return identity.is_citizen
    if permission == PagePermission.STAFF:
        return identity.is_staff
    return identity.is_staff and identity.permits(permission)


def _load(request: Request) -> Identity:
    # The error page for an unreachable database must not query it for the user.
    if isinstance(request.exception, GONE):
        return Identity.VISITOR
    try:
        if request.is_api:
            return request.token.identity if request.token else Identity.VISITOR
        if request.session_token is None:
            return Identity.VISITOR
        return load_identity(request.registry.site, request.session_token)
    except GONE:
        if request.exception is None:
            raise
        # The error page is rendered even if this fails.
        return Identity.VISITOR


def record_denial(request: Request) -> None:
    """Record a denied page in the audit trail."""
    identity = request.identity
    if identity.user_id is None:
        return
    with request.registry.site.work(actor=identity) as work:
        work.get(AuditService).record(
            "access:denied", method=request.method, path=request.path[:200], address=request.remote_addr or ""
        )
