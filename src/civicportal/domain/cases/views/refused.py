"""The answer to a step that a rule forbids."""

from pyramid.response import Response

from civicportal.domain.cases.errors import Refused
from civicportal.web.errors import page
from civicportal.web.request import Request


def refused(error: Refused, request: Request) -> Response:
    """Answer 409 with the reason, for views without their own page."""
    return page(request, 409, message=request.translate(error.reason))
