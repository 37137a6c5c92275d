"""Responses to requests without the token that they need."""

from pyramid.response import Response

from civicportal.core.security import TokenRefused
from civicportal.web.request import Request


def refused(error: TokenRefused, request: Request) -> Response:
    """Answer 401 or 403 as RFC 6750 says, with a problem document (RFC 9457)."""
    title = request.translate(error.message)
    response = Response(
        json_body={"type": "about:blank", "title": title, "status": error.status},
        status=error.status,
        content_type="application/problem+json",
    )
    response.headers["WWW-Authenticate"] = error.challenge
    return response
