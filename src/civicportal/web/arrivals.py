"""Links from other sites to staff pages.

A browser withholds the cookie of a staff session when another site links here, and the page would treat staff as a
visitor. A second cookie says that this browser has such a session; then the response is a page that requests the same
address again.
"""

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.renderers import render_to_response
from pyramid.response import Response
from pyramid.tweens import EXCVIEW

from civicportal.web.csrf import has_withheld_session
from civicportal.web.request import Handler, Request

POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"


def arrivals_tween_factory(handler: Handler, _registry: Registry) -> Handler:
    """Return the tween.

    It responds instead of the view, so a visit without the session has no side effects.
    """

    def arrivals_tween(request: Request) -> Response:
        return _once_more(request) if _is_cross_site_visit(request) else handler(request)

    return arrivals_tween


def _is_cross_site_visit(request: Request) -> bool:
    # The repeated request is "same-origin", or, from browsers without these headers, answered as usual: no loop.
    headers = request.headers
    is_visit = request.method == "GET" and headers.get("Sec-Fetch-Mode") == "navigate"
    return is_visit and headers.get("Sec-Fetch-Site") == "cross-site" and has_withheld_session(request)


def _once_more(request: Request) -> Response:
    response = render_to_response("civicportal:templates/layout/once_more.jinja2", {}, request=request)
    response.cache_control = "no-store"
    response.headers["Content-Security-Policy"] = POLICY
    return response


def includeme(config: Configurator) -> None:
    """Add the tween below the first check, above the unit of work."""
    config.add_tween(
        "civicportal.web.arrivals.arrivals_tween_factory",
        under="civicportal.web.request_checks.request_check_tween_factory",
        over=("pyramid_tm.tm_tween_factory", EXCVIEW),
    )
