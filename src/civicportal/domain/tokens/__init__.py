"""Tokens by which programs use the API, for people and for machines."""

from pyramid.config import Configurator
from pyramid.viewderivers import INGRESS

from civicportal.core.security import TokenRefused
from civicportal.domain.tokens.authentication import scoped_view, token_of
from civicportal.domain.tokens.views.refused import refused


def includeme(config: Configurator) -> None:
    """Add the token of a request, and the scopes of views."""
    config.add_request_method(token_of, "token", reify=True)
    config.add_view_deriver(scoped_view, "scoped_view", under=INGRESS, over="secured_view")
    config.add_exception_view(refused, context=TokenRefused)
