"""Public pages may be kept: a browser asks whether its copy is still right, a cache before the portal knows for a while.

Only what is the same for everybody who reads this language: an answer to somebody with no other cookie, which gives them none.
A page with a form carries the token of its reader and is none of these. What scripts read of public maps is judged alike.
"""

from collections.abc import Callable
from typing import Any

from pyramid.tweens import EXCVIEW

from civicportal.web.request import Request

SHARED_SECONDS = 30
"""For so long a cache before the portal answers by itself."""
KEPT_TYPES = ("text/html", "application/json")


def caching_tween_factory(handler: Callable[[Any], Any], registry: Any) -> Callable[[Any], Any]:  # noqa: ARG001 - Pyramid gives it
    """Return the tween. What a view says of caching itself stays."""

    def caching_tween(request: Request) -> Any:
        response = handler(request)
        # Cookies are set by callbacks, which run after all tweens: this one is added after those of all views.
        request.add_response_callback(_judge)
        return response

    return caching_tween


def _judge(request: Request, response: Any) -> None:
    if _is_public(request, response):
        response.cache_control = f"public, max-age=0, s-maxage={SHARED_SECONDS}, must-revalidate"
        response.vary = (*(response.vary or ()), "Cookie")
        response.md5_etag()
        response.conditional_response = True


def _is_public(request: Request, response: Any) -> bool:
    return (
        request.method in ("GET", "HEAD")
        and response.status_int == 200
        and response.content_type in KEPT_TYPES
        and "Cache-Control" not in response.headers
        and "Set-Cookie" not in response.headers
        and "Authorization" not in request.headers
        and set(request.cookies) <= {request.registry.site.language_cookie_name}
    )


def includeme(config: Any) -> None:
    """Put the tween below the headers."""
    config.add_tween(
        "civicportal.web.caching.caching_tween_factory",
        under="civicportal.web.headers.headers_tween_factory",
        over=("civicportal.web.sanity.sanity_tween_factory", EXCVIEW),
    )
