"""Tokens by which programs use the API, for people and for machines."""

from pyramid.config import Configurator
from pyramid.viewderivers import INGRESS

from civicportal.core.security import PagePermission, TokenRefused
from civicportal.domain.tokens.authentication import scoped_view, token_of
from civicportal.domain.tokens.services import MANAGE
from civicportal.domain.tokens.views.refused import refused
from civicportal.web.pages import Page, add_pages

CLIENT = r"/admin/clients/{id:\d{1,18}}"
ROUTES = {
    "account_tokens": "/account/tokens",
    "account_token_new": "/account/tokens/new",
    "account_token_revoke": r"/account/tokens/{id:\d{1,18}}/revoke",
    "admin.clients": "/admin/clients",
    "admin.client_new": "/admin/clients/new",
    "admin.client": CLIENT,
    "admin.client_rotate": f"{CLIENT}/rotate",
    "admin.client_secret": f"{CLIENT}/secret",
    "admin.client_revoke": f"{CLIENT}/revoke",
    "account_app_end": r"/account/tokens/apps/{id:\d{1,18}}/end",
    "oauth.authorize": "/oauth/authorize",
    "oauth.token": "/api/oauth/token",
    "oauth.revoke": "/api/oauth/revoke",
    "oauth.metadata": "/.well-known/oauth-authorization-server",
}
SHOWS, ACTS, FORM = "GET", "POST", ("GET", "POST")
#: Route, view, template, permission, methods.
VIEWS: tuple[Page, ...] = (
    ("account_tokens", "tokens.tokens", "tokens", PagePermission.SIGNED_IN, SHOWS),
    ("account_token_new", "tokens.new", "token_new", PagePermission.SIGNED_IN, FORM),
    ("account_token_revoke", "tokens.revoke", None, PagePermission.SIGNED_IN, ACTS),
    ("admin.clients", "clients.clients", "clients", MANAGE, SHOWS),
    ("admin.client_new", "clients.new", "client_new", MANAGE, FORM),
    ("admin.client", "clients.client", "client", MANAGE, FORM),
    ("admin.client_rotate", "clients.rotate", "client_new", MANAGE, ACTS),
    ("admin.client_secret", "clients.secret", "client_new", MANAGE, ACTS),
    ("account_app_end", "oauth.end", None, PagePermission.SIGNED_IN, ACTS),
    ("oauth.authorize", "oauth.authorize", "consent", PagePermission.SIGNED_IN, FORM),
    ("oauth.token", "oauth.token", None, PagePermission.EVERYBODY, ACTS),
    ("oauth.revoke", "oauth.revoke", None, PagePermission.EVERYBODY, ACTS),
    ("oauth.metadata", "oauth.metadata", "json", PagePermission.EVERYBODY, SHOWS),
    ("admin.client_revoke", "clients.revoke", None, MANAGE, ACTS),
)


def includeme(config: Configurator) -> None:
    """Add the token of a request, the scopes of views, and the pages."""
    config.add_request_method(token_of, "token", reify=True)
    config.add_view_deriver(scoped_view, "scoped_view", under=INGRESS, over="secured_view")
    config.add_exception_view(refused, context=TokenRefused)
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal.domain.tokens.views",
        templates="civicportal:templates/tokens",
    )
