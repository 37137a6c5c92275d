"""The visitor's language: a cookie that one of the site's languages may stand in."""

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.security import EVERYBODY
from civicportal.web.requests import LANGUAGE_COOKIE

A_YEAR = 365 * 86400


def choose(request: Any) -> Any:
    """Remember a language of the site and go back to the page; any other changes nothing."""
    response = HTTPSeeOther(request.safe_next("/"))
    language = request.POST.get("language", "")
    if language in request.site.languages:
        response.set_cookie(
            LANGUAGE_COOKIE,
            language,
            max_age=A_YEAR,
            path="/",
            secure=request.site.is_production,
            httponly=True,
            samesite="Lax",
        )
    return response


def includeme(config: Any) -> None:
    """Add the route."""
    config.add_route("language", "/language")
    config.add_view(choose, route_name="language", request_method="POST", permission=EVERYBODY)
