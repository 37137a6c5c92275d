"""Properties of a request: site, unit of work, locale, redirects."""

from pyramid.config import Configurator
from translationstring import TranslationString

from civicportal.core.crypto import token_hash
from civicportal.core.work import Work
from civicportal.util import i18n
from civicportal.util.i18n import localized_digits, say
from civicportal.web.derivers import SAFE
from civicportal.web.request import Request, ViewResult


def site(request: Request) -> ViewResult:
    """Return the site."""
    return request.registry.site


def work(request: Request) -> Work:
    """Return the request's unit of work, read-only for GET and HEAD.

    The identity is loaded first, in a short transaction of its own.
    """
    actor = request.identity
    write = request.method not in SAFE
    return Work(request.site, request.tm, actor=actor, write=write, locale=request.locale_name)


def locale_of(request: Request) -> str:
    """Return the visitor's language, if the site has it; programs ask for one by ``Accept-Language``."""
    site = request.registry.site
    wanted = request.cookies.get(site.language_cookie_name, "")
    if wanted in site.languages:
        return wanted
    if request.is_api:
        found: str = request.accept_language.lookup([*site.languages], default=site.locale)
        return found
    return site.locale


def text_direction(request: Request) -> str:
    """Return "rtl" or "ltr"."""
    return i18n.text_direction(request.locale_name)


def safe_next(request: Request, fallback: str = "/") -> str:
    """Return the page to continue to, only a path of this portal."""
    target = request.params.get("next", "")
    is_path = target.startswith("/") and not target.startswith("//") and "\\" not in target
    # The Location header allows only these characters; the portal's own paths contain no others.
    return target if is_path and target.isascii() and target.isprintable() else fallback


def translate(request: Request, text: TranslationString) -> str:
    """Return a text in the request's language.

    Translated ones get its digits, data stays as it is.
    """
    said = say(text, request.localizer)
    return localized_digits(said, request.locale_name) if isinstance(text, TranslationString) else said


def upload_owner(request: Request) -> str:
    """Return the owner of the uploads of this browser or token.

    A visitor without a session cookie gets one.
    """
    if request.token:
        return token_hash(f"api token {request.token.id}")
    return token_hash(request.ensure_session_token())


def includeme(config: Configurator) -> None:
    """Add the properties and methods."""
    config.add_request_method(site, reify=True)
    config.add_request_method(work, reify=True)
    config.add_request_method(text_direction, reify=True)
    config.add_request_method(safe_next)
    config.add_request_method(translate)
    config.add_request_method(upload_owner)
    config.set_locale_negotiator(locale_of)
