"""Security headers on every response: pages, errors, files."""

from __future__ import annotations

from collections.abc import Sequence
from wsgiref.types import WSGIEnvironment

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.response import Response
from pyramid.tweens import EXCVIEW, INGRESS

from civicportal.web.request import Handler, Request

__all__ = ["REPORTS", "content_security_policy", "headers_tween_factory", "includeme"]

REPORTS = "/csp-reports"
"""Where browsers report violations of the policy."""
YEAR_SECONDS = 365 * 24 * 3600
# Their URLs contain a code or a token that no other page may see. "no-referrer" would also hide the origin: browsers
# then send forms with "Origin: null", which is refused as cross-site.
SECRET_PATHS = ("/track", "/staff/reset", "/staff/invite", "/staff/rescue", "/job")

_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "geolocation=(self), camera=(self), microphone=(), payment=(), usb=()",
    # No other site shares a browsing context with the portal or embeds its responses. Embeddable responses override
    # this.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Reporting-Endpoints": f'csp="{REPORTS}"',
}


def content_security_policy(tile_host: str | None = None, framed_by: Sequence[str] = ()) -> str:
    """Return the policy of all pages: nothing inline, nothing from other hosts.

    :param tile_host: the origin of the site's own map tiles, such as `https://tiles.example.org`.
    :param framed_by: hosts whose pages may embed this one.
    """
    ancestors = " ".join(framed_by) or "'none'"
    images = "'self' data: blob:" + (f" {tile_host}" if tile_host else "")
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"img-src {images}; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
        f"form-action 'self'; frame-ancestors {ancestors}; base-uri 'none'; report-uri {REPORTS}; report-to csp"
    )


def headers_tween_factory(handler: Handler, registry: Registry) -> Handler:
    """Return the tween, which keeps headers set by views.

    Thus an attachment may have a stricter policy.

    Setting: `civicportal.tile_host`, see `content_security_policy`.
    """
    tile_host = (registry.settings or {}).get("civicportal.tile_host")
    policy = content_security_policy(tile_host)

    def headers_tween(request: Request) -> Response:
        response = handler(request)
        headers = response.headers
        framed_by = getattr(request, "framed_by", ())
        if framed_by and response.status_int == 200:
            headers.setdefault("Content-Security-Policy", content_security_policy(tile_host, framed_by))
        else:
            headers.setdefault("X-Frame-Options", "DENY")
        for name, value in _FIXED.items():
            headers.setdefault(name, value)
        headers.setdefault("Content-Security-Policy", policy)
        headers.setdefault("Referrer-Policy", _referrer_policy(request.environ))
        if request.environ["wsgi.url_scheme"] == "https":
            headers.setdefault("Strict-Transport-Security", f"max-age={YEAR_SECONDS}; includeSubDomains")
        # Added last: other callbacks set cookies, or mark a page as public.
        request.add_response_callback(_keep_nowhere)
        return response

    return headers_tween


def _keep_nowhere(request: Request, response: Response) -> None:
    # A request with a cookie or a token may be signed in: its response is not cached unless marked otherwise.
    if {"HTTP_COOKIE", "HTTP_AUTHORIZATION"} & request.environ.keys() or "Set-Cookie" in response.headers:
        response.headers.setdefault("Cache-Control", "no-store")


def _referrer_policy(environ: WSGIEnvironment) -> str:
    # The raw path: this runs before its encoding is checked.
    path = environ.get("PATH_INFO", "")
    secret = any(path == prefix or path.startswith(prefix + "/") for prefix in SECRET_PATHS)
    return "strict-origin" if secret else "same-origin"


def includeme(config: Configurator) -> None:
    """Add the tween above all others."""
    config.add_tween(
        "civicportal.web.headers.headers_tween_factory",
        under=INGRESS,
        over=("civicportal.web.request_checks.request_check_tween_factory", EXCVIEW),
    )
