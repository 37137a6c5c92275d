"""Caching of public pages that are the same for every reader of a language.

Only responses are cached to requests without cookies other than the language's, and that set none. A page with a form
contains a token and is not cached. JSON for public maps is treated alike.
"""

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.response import Response
from pyramid.tweens import EXCVIEW

from civicportal.web.request import Handler, Request

SHARED_SECONDS = 30
"""Life in a shared cache."""
KEPT_TYPES = ("text/html", "application/json")


def caching_tween_factory(handler: Handler, _registry: Registry) -> Handler:
    """Return the tween. Cache headers set by a view are kept."""

    def caching_tween(request: Request) -> Response:
        response = handler(request)
        # Cookies are set by callbacks, which run after all tweens: this one is added after those of all views.
        request.add_response_callback(_judge)
        return response

    return caching_tween


def _judge(request: Request, response: Response) -> None:
    if _is_public(request, response):
        response.cache_control = f"public, max-age=0, s-maxage={SHARED_SECONDS}, must-revalidate"
        response.vary = (*(response.vary or ()), "Cookie")
        response.md5_etag()
        response.conditional_response = True


def _is_public(request: Request, response: Response) -> bool:
    return (
        request.method in ("GET", "HEAD")
        and response.status_int == 200
        and response.content_type in KEPT_TYPES
        and "Cache-Control" not in response.headers
        and "Set-Cookie" not in response.headers
        and "Authorization" not in request.headers
        and set(request.cookies) <= {request.registry.site.language_cookie_name}
    )


def includeme(config: Configurator) -> None:
    """Add the tween below the headers."""
    config.add_tween(
        "civicportal.web.caching.caching_tween_factory",
        under="civicportal.web.headers.headers_tween_factory",
        over=("civicportal.web.request_checks.request_check_tween_factory", EXCVIEW),
    )
