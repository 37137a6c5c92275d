"""The answer to a step that a rule forbids."""

from typing import Any

from civicportal.domain.cases.errors import Refused
from civicportal.web.errors import page
from civicportal.web.request import Request


def refused(error: Refused, request: Request) -> Any:
    """Answer 409 with the reason, for views without their own page."""
    return page(request, 409, message=request.translate(error.reason))
