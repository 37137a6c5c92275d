"""The visitor's language, in a cookie."""

from pyramid.config import Configurator
from pyramid.csrf import check_csrf_token
from pyramid.httpexceptions import HTTPSeeOther

from civicportal.core.security import PagePermission
from civicportal.core.site import Site
from civicportal.core.translated import OfferedLanguages
from civicportal.web.csrf import from_own_page
from civicportal.web.request import Request, ViewResult

A_YEAR = 365 * 86400
#: Names of languages in themselves; others are shown by their code.
NAMES = {"fa": "فارسی", "en": "English", "ar": "العربية", "az": "تورکجه", "ckb": "کوردی", "tr": "Türkçe"}


def languages(request: Request) -> list[tuple[str, str]]:
    """Return code and name of the languages offered to visitors: those in which every text of the site is translated.

    The present one is among them, so that a visitor who has chosen it can leave it.
    """
    site = request.site
    offered = {*site.cache.of(OfferedLanguages).of(site), request.locale_name}
    return [(code, name) for code, name in all_languages(site) if code in offered]


def all_languages(site: Site) -> list[tuple[str, str]]:
    """Return code and name of the site's languages, offered or not."""
    return [(code, NAMES.get(code, code)) for code in site.languages]


def choose(request: Request) -> ViewResult:
    """Set a language of the site and redirect.

    An unknown one changes nothing.
    """
    if not from_own_page(request):
        check_csrf_token(request)
    response = HTTPSeeOther(request.safe_next("/"))
    language = request.POST.get("language", "")
    if language in request.site.languages:
        response.set_cookie(
            request.site.language_cookie_name,
            language,
            max_age=A_YEAR,
            path="/",
            secure=request.site.is_production,
            httponly=True,
            samesite="Lax",
        )
    return response


def includeme(config: Configurator) -> None:
    """Add the route."""
    config.add_request_method(languages, reify=True)
    config.add_route("language", "/language")
    config.add_view(
        choose,
        route_name="language",
        request_method="POST",
        permission=PagePermission.EVERYBODY,
        require_csrf=False,
    )
