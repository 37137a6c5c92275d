"""Limits of calls, and the headers that say how much is left (draft-ietf-httpapi-ratelimit-headers)."""

from pyramid.response import Response

from civicportal.core.limits import Allowance, LimitExceeded, Use
from civicportal.web.request import Request

COUNTED = "civicportal.call_counted"
"""Key of the request's environment: a retried request is counted once."""


def count_call(request: Request) -> None:
    """Count a call by its token and its address, and add the headers about the limit to the answer.

    :raises LimitExceeded: when the limit of the caller is used up.
    """
    if request.environ.get(COUNTED):
        return
    request.environ[COUNTED] = True
    limits = request.site.limits
    uses: list[Use] = [("api_address", request.remote_addr)]
    if request.token is not None:
        uses.append(("api_token", request.token.id))
    try:
        allowance = limits.spend(*uses)
    except LimitExceeded as error:
        _tell(request, limits.full(error))
        raise
    _tell(request, allowance)


def _tell(request: Request, allowance: Allowance) -> None:
    name, window = allowance.name, allowance.window
    seconds = max(1, round((allowance.ends - request.site.clock.now()).total_seconds()))

    def tell(_request: Request, response: Response) -> None:
        response.headers["RateLimit-Policy"] = f'"{name}";q={window.hits};w={window.seconds}'
        response.headers["RateLimit"] = f'"{name}";r={allowance.left};t={seconds}'

    request.add_response_callback(tell)
