"""CSRF protection by a token in each form.

A visitor without a session gets a random cookie with the first form; nothing is stored for it.
"""

from secrets import token_bytes

from pyramid.config import Configurator
from pyramid.interfaces import ICSRFStoragePolicy
from pyramid.response import Response
from zope.interface import implementer

from civicportal.core.crypto import new_token, same
from civicportal.web.events import SessionReplaced
from civicportal.web.request import Request


def session_token(request: Request) -> str | None:
    """Return the token of the session cookie, if it is well-formed; below ``/api/`` there is no session."""
    if request.is_api:
        return None
    token = request.cookies.get(request.registry.site.cookie_name, "")
    return token if 40 <= len(token) <= 60 and token.isascii() else None


def ensure_session_token(request: Request) -> str:
    """Return the session token.

    A visitor without one gets it in a cookie with this response, unless the service worker asks in the background: the
    cookie would replace that of a form which the visitor has opened since.
    """
    token: str | None = request.environ.get("civicportal.token") or session_token(request)
    if token is None:
        token = new_token()
        if "X-Without-Cookie" in request.headers:
            request.environ["civicportal.token"] = token
        else:
            set_session_cookie(request, token)
    return token


def set_session_cookie(
    request: Request, token: str, *, strict: bool = False, max_age: int | None = None
) -> None:
    """Set the session cookie of the response.

    :param strict: for staff sessions, which another site cannot use; a second cookie without a secret says that there
        is one.
    :param max_age: seconds; None ends with the browser.
    """
    old = request.environ.get("civicportal.token") or session_token(request)
    request.environ["civicportal.token"] = token
    if old is not None and old != token:
        request.registry.notify(SessionReplaced(request, old, token))

    cookie = {"path": "/", "secure": request.registry.site.is_production, "httponly": True}
    marked = _mark(request) in request.cookies

    def send(request: Request, response: Response) -> None:
        samesite = "Strict" if strict else "Lax"
        name = request.registry.site.cookie_name
        response.set_cookie(name, token, max_age=max_age, samesite=samesite, **cookie)
        if strict:
            response.set_cookie(_mark(request), "1", max_age=max_age, samesite="Lax", **cookie)
        elif marked:
            response.set_cookie(_mark(request), "", max_age=0, samesite="Lax", **cookie)

    request.add_response_callback(send)


def has_withheld_session(request: Request) -> bool:
    """Return whether the browser has withheld its staff session, because another site links here."""
    return session_token(request) is None and _mark(request) in request.cookies


def _mark(request: Request) -> str:
    return f"{request.registry.site.cookie_name}-staff"


@implementer(ICSRFStoragePolicy)
class DerivedTokens:
    """Derive the CSRF token of a session with the site's key.

    Each response shows it under another random mask, so that the length of compressed pages does not tell it (BREACH).
    """

    def get_csrf_token(self, request: Request) -> str:
        """Return the CSRF token for this browser's forms: mask and masked token, in hexadecimal digits."""
        token = _derived(request, ensure_session_token(request))
        mask = token_bytes(len(token))
        return (mask + _xor(mask, token)).hex()

    def new_csrf_token(self, request: Request) -> str:
        """Return the token, which changes with the session."""
        return self.get_csrf_token(request)

    def check_csrf_token(self, request: Request, supplied_token: object) -> bool:
        """Return whether a form was submitted by this browser's own session."""
        session = session_token(request)
        if session is None:
            return False
        token = _derived(request, session)
        try:
            supplied = bytes.fromhex(str(supplied_token))
        except ValueError:
            return False
        if len(supplied) == len(token):
            # Of a page from before tokens were masked.
            return same(supplied, token)
        mask, masked = supplied[: len(token)], supplied[len(token) :]
        return len(masked) == len(token) and same(_xor(mask, masked), token)


def _derived(request: Request, session: str) -> bytes:
    token: bytes = request.registry.site.keys.mac("csrf", session)
    return token


def _xor(mask: bytes, masked: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(mask, masked, strict=True))


def from_own_page(request: Request) -> bool:
    """Return whether the form comes from this portal, as the browser says.

    It is for pages that are cached for everyone and therefore contain no token.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return bool(site == "same-origin")
    origin = request.headers.get("Origin", "").partition("://")[2]
    # The default port may be missing from either.
    return origin in (request.host, request.host_url.partition("://")[2])


def csrf_token_value(request: Request) -> str:
    """Return the token for forms and scripts."""
    return str(request.registry.getUtility(ICSRFStoragePolicy).get_csrf_token(request))


def _has_session(request: Request) -> bool:
    return not request.is_api


def includeme(config: Configurator) -> None:
    """Require the token on every unsafe request that a cookie could authenticate."""
    config.set_csrf_storage_policy(DerivedTokens())
    config.set_default_csrf_options(require_csrf=True, callback=_has_session)
    config.add_request_method(csrf_token_value, reify=True)
    config.add_request_method(session_token, reify=True)
    config.add_request_method(ensure_session_token)
