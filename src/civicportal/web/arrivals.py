"""Links from other sites, as in a mail: whoever works here stays signed in, and sees the page that the link leads to.

A browser keeps the cookie of a staff session back when another site leads here, and the page would answer a stranger. Another
cookie says that this browser holds such a session; then the answer is a page that asks for the same address again.
"""

from collections.abc import Callable
from typing import Any

from pyramid.renderers import render_to_response
from pyramid.tweens import EXCVIEW

from civicportal.web.csrf import holds_kept_back
from civicportal.web.request import Request

POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"


def arrivals_tween_factory(handler: Callable[[Any], Any], registry: Any) -> Callable[[Any], Any]:  # noqa: ARG001 - Pyramid gives it
    """Return the tween. It answers in the place of the page, so nothing is looked at, taken or set by a stranger's visit."""

    def arrivals_tween(request: Request) -> Any:
        return _once_more(request) if _comes_from_elsewhere(request) else handler(request)

    return arrivals_tween


def _comes_from_elsewhere(request: Request) -> bool:
    # What the page then asks for is "same-origin", or is answered as ever by browsers that say nothing of it: no second time.
    headers = request.headers
    is_visit = request.method == "GET" and headers.get("Sec-Fetch-Mode") == "navigate"
    return is_visit and headers.get("Sec-Fetch-Site") == "cross-site" and holds_kept_back(request)


def _once_more(request: Request) -> Any:
    response = render_to_response("civicportal:templates/layout/once_more.jinja2", {}, request=request)
    response.cache_control = "no-store"
    response.headers["Content-Security-Policy"] = POLICY
    return response


def includeme(config: Any) -> None:
    """Put the tween below the first check, above the unit of work."""
    config.add_tween(
        "civicportal.web.arrivals.arrivals_tween_factory",
        under="civicportal.web.sanity.sanity_tween_factory",
        over=("pyramid_tm.tm_tween_factory", EXCVIEW),
    )
