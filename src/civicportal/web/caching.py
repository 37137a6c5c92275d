"""Caching of public pages that are the same for every reader of a language, and compression of pages.

Only responses are cached to requests without cookies other than the language's, and that set none. A page with a form
contains a token and is not cached. JSON for public maps is treated alike.

A page is compressed unless its length could tell a secret (BREACH: an attacker makes the browser request a page that
repeats what they chose beside the secret, and watches the length). A public page has no secret. The pages of visitors
and citizens are compressed if the request has no query, so that the page repeats nothing of it; their token is masked
differently in each response. Those of staff are not: they show what strangers wrote beside the data of other people.
"""

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.response import Response
from pyramid.tweens import EXCVIEW

from civicportal.web.compression import compress
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
    public = _is_public(request, response)
    if public or (_is_page(request, response) and not (request.query_string or request.identity.is_staff)):
        compress(request, response)
    if public:
        response.cache_control = f"public, max-age=0, s-maxage={SHARED_SECONDS}, must-revalidate"
        response.vary = (*(response.vary or ()), "Cookie")
        response.md5_etag()
        response.conditional_response = True


def _is_public(request: Request, response: Response) -> bool:
    return (
        _is_page(request, response)
        and "Cache-Control" not in response.headers
        and "Set-Cookie" not in response.headers
        and "Authorization" not in request.headers
        and set(request.cookies) <= {request.registry.site.language_cookie_name}
    )


def _is_page(request: Request, response: Response) -> bool:
    return (
        request.method in ("GET", "HEAD")
        and response.status_int == 200
        and response.content_type in KEPT_TYPES
    )


def includeme(config: Configurator) -> None:
    """Add the tween below the headers."""
    config.add_tween(
        "civicportal.web.caching.caching_tween_factory",
        under="civicportal.web.headers.headers_tween_factory",
        over=("civicportal.web.request_checks.request_check_tween_factory", EXCVIEW),
    )
