"""OAuth 2.1: the page of consent, the endpoints for programs, and the document that describes them."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.response import Response

from civicportal.core.security import Identity
from civicportal.core.security_events import log_security_event
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.step_up import ask_proof
from civicportal.domain.tokens.delegation import GRANTS, METHODS, OAuthService
from civicportal.domain.tokens.scopes import scopes_of
from civicportal.domain.tokens.views.shown import scope_titles
from civicportal.util.i18n import _
from civicportal.web import errors
from civicportal.web.headers import content_security_policy
from civicportal.web.request import Request, ViewResult

if TYPE_CHECKING:
    from civicportal.domain.tokens.oauth import OAuth2Error, OAuthServer

# The library of OAuth is imported inside the functions: most processes never need it.


def authorize(request: Request) -> ViewResult:
    """Ask the person whether a program may act for them."""
    from civicportal.domain.tokens.oauth import OAuth2Error, OAuthServer

    _require_api(request)
    server = OAuthServer(request, request.work)
    user = request.work.session.get_one(User, request.identity.person_id)
    try:
        grant = server.get_consent_grant(request, end_user=user)
    except OAuth2Error as error:
        return _refused(request, server, error)
    except ValueError:
        # An address or type with characters that authlib does not put into an error.
        return _unknown(request)
    if asked := ask_proof(request, back=request.path_qs):
        return asked
    client = grant.client.row
    scopes = request.work.get(OAuthService).offered(client, grant.request.scope.split())
    if request.method == "POST":
        agreed = request.POST.get("decision") == "allow" and bool(scopes)
        server.agreed = scopes
        return server.create_authorization_response(
            grant.request, grant_user=user if agreed else None, grant=grant
        )
    target = urlsplit(grant.redirect_uri)
    origin = (
        f"{target.scheme}://{target.netloc}" if target.scheme in ("http", "https") else f"{target.scheme}:"
    )
    # Browsers apply the policy of the page to where its form is redirected.
    policy = content_security_policy().replace("form-action 'self'", f"form-action 'self' {origin}")
    request.response.headers["Content-Security-Policy"] = policy
    return {
        "client": client,
        "scopes": list(zip(scopes, scope_titles(request, scopes), strict=True)),
        "host": target.netloc or target.scheme,
    }


def token(request: Request) -> Response:
    """Issue tokens to a client."""
    return _answer(request, lambda server: server.create_token_response(request))


def revoke(request: Request) -> Response:
    """Revoke a token of a client."""
    return _answer(request, lambda server: server.create_endpoint_response("revocation", request))


def metadata(request: Request) -> dict[str, object]:
    """Describe the server to programs (RFC 8414)."""
    _require_api(request)
    issuer = request.site.public_url or request.host_url
    return {
        "issuer": issuer,
        "authorization_response_iss_parameter_supported": True,
        "authorization_endpoint": issuer + request.route_path("oauth.authorize"),
        "token_endpoint": issuer + request.route_path("oauth.token"),
        "revocation_endpoint": issuer + request.route_path("oauth.revoke"),
        "response_types_supported": ["code"],
        "grant_types_supported": list(GRANTS),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": METHODS,
        "revocation_endpoint_auth_methods_supported": METHODS,
        "scopes_supported": sorted(scopes_of(request.site)),
        "ui_locales_supported": list(request.site.languages),
    }


def end(request: Request) -> HTTPSeeOther:
    """End what the person has allowed to a program."""
    service = request.work.get(OAuthService)
    user = request.work.session.get_one(User, request.identity.person_id)
    service.revoke(service.fetch(user, int(request.matchdict["id"])))
    request.session.flash(request.translate(_("The program has no access in your name any more.")), "good")
    return HTTPSeeOther(request.route_path("account_tokens"))


def _answer(request: Request, create: "Callable[[OAuthServer], Response]") -> Response:
    """Return the response of an endpoint for programs.

    It is committed whatever its status: a code that was presented twice ends what it has led to.
    """
    from civicportal.domain.tokens.oauth import OAuthServer

    with request.site.work(actor=Identity.SYSTEM, locale=request.locale_name) as work:
        try:
            response = create(OAuthServer(request, work))
        except ValueError:
            response = Response(json_body={"error": "invalid_request"}, status=400)
    if response.status_int in (400, 401) and response.json_body.get("error") in (
        "invalid_client",
        "invalid_grant",
    ):
        log_security_event("auth.token.refused")
        request.site.limits.hit("api_token_wrong", request.remote_addr)
    return response


def _require_api(request: Request) -> None:
    if not request.site.branding.api_enabled:
        raise HTTPNotFound


def _refused(request: Request, server: "OAuthServer", error: "OAuth2Error") -> Response:
    """Send an error to the registered address of the program; without one, show it to the person."""
    if error.redirect_uri:
        return server.handle_error_response(None, error)
    return _unknown(request)


def _unknown(request: Request) -> Response:
    message = request.translate(
        _("This link of a program is not valid here. Ask those who run the program to check it.")
    )
    return errors.page(request, 400, message=message)
