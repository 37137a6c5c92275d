"""Responses to requests without the token that they need."""

from pyramid.response import Response

from civicportal.core.security import TokenRefused
from civicportal.web.request import Request
from civicportal.web.rest.problems import problem


def refused(error: TokenRefused, request: Request) -> Response:
    """Answer 401 or 403 as RFC 6750 says, with a problem document (RFC 9457)."""
    return problem(request, error.status, error.message, headers={"WWW-Authenticate": error.challenge})
