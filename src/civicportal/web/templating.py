"""Jinja2: what every template knows, and the filters that write dates, digits and numbers of the city."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from jinja2 import pass_context
from jinja2.environment import TemplateModule
from markupsafe import Markup, escape
from pyramid.events import BeforeRender
from pyramid.request import RequestLocalCache
from pyramid.threadlocal import get_current_request

from civicportal.util import tracking
from civicportal.util.i18n import (
    _,
    format_number,
    listed,
    localized_digits,
    say,
)
from civicportal.util.lists import Total
from civicportal.web.context import QuickContext, environment
from civicportal.web.request import Request
from civicportal.web.static import CORE, static_url


def _locale(context: Any) -> str:
    request = context.get("request") or get_current_request()
    return str(request.locale_name)


def _now(context: Any) -> datetime:
    now: datetime = (context.get("request") or get_current_request()).site.clock.now()
    return now


def _calendar(context: Any) -> Any:
    return (context.get("request") or get_current_request()).site.calendar


@pass_context
def digits(context: Any, value: object) -> str:
    """Write digits as the language does."""
    return localized_digits(str(value), _locale(context))


@pass_context
def number(context: Any, value: float) -> str:
    """Write a number with the language's separators."""
    return format_number(value, _locale(context))


@pass_context
def total(context: Any, value: Total) -> str:
    """Write how many rows a list has, in words where only some are counted."""
    written = format_number(value.number, _locale(context))
    if value.exact:
        return written
    request = context.get("request") or get_current_request()
    words = _("more than ${number}", mapping={"number": written}) if value.number else _("some")
    return str(request.localizer.translate(words))


@pass_context
def brief_total(context: Any, value: Total) -> str:
    """Write the same where there is room for a number only."""
    return format_number(value.number, _locale(context)) + ("" if value.exact else "+")


@pass_context
def date(context: Any, value: datetime, style: Any = "medium") -> str:
    """Write the city's day of a moment."""
    return str(_calendar(context).format_date(value, style, locale=_locale(context)))


@pass_context
def date_time(context: Any, value: datetime) -> str:
    """Write day and time; the year only when it is not this one."""
    return str(_calendar(context).format_datetime(value, _now(context), locale=_locale(context)))


@pass_context
def time_only(context: Any, value: datetime) -> str:
    """Write the time of day."""
    return str(_calendar(context).format_time(value, locale=_locale(context)))


@pass_context
def relative(context: Any, value: datetime) -> str:
    """Write how long ago, or the date when it is long ago."""
    request = context.get("request") or get_current_request()
    text = _calendar(context).relative(value, _now(context), locale=_locale(context))
    return str(request.localizer.translate(text))


@pass_context
def tracking_code(context: Any, code: str) -> str:
    """Write a tracking code in groups."""
    return localized_digits(tracking.grouped(code), _locale(context))


@pass_context
def mobile(context: Any, value: str) -> str:
    """Write a mobile number as people do."""
    country = (context.get("request") or get_current_request()).site.country
    return localized_digits(country.display_mobile(value), _locale(context))


@pass_context
def mask_mobile(context: Any, value: str) -> str:
    """Write a mobile number with its middle hidden, kept from left to right among words of the other direction."""
    country = (context.get("request") or get_current_request()).site.country
    return f"\u2066{localized_digits(country.mask_mobile(value), _locale(context))}\u2069"


@pass_context
def translated(context: Any, value: object) -> str:
    """Translate a text that came from Python."""
    request = context.get("request") or get_current_request()
    return say(value, request.localizer)


@pass_context
def listed_names(context: Any, values: Iterable[object]) -> str:
    """Write several names with the comma of the language between them."""
    return listed(map(str, values), _locale(context))


FILTERS = {
    "total": total,
    "brief_total": brief_total,
    "digits": digits,
    "number": number,
    "date": date,
    "datetime": date_time,
    "time": time_only,
    "relative": relative,
    "tracking": tracking_code,
    "mobile": mobile,
    "mask_mobile": mask_mobile,
    "listed": listed_names,
    "t": translated,
}


class Gettext:
    """What ``_()`` and ``{% trans %}`` in templates call: the words of a template are looked up once for each language.

    Set as ``jinja2.i18n.gettext``; there is one for each application.
    """

    def __init__(self, domain: str) -> None:
        self._domain = domain
        self._known: dict[tuple[str, str], str] = {}

    def gettext(self, message: str, mapping: Mapping[str, Any] | None = None) -> str:
        """Return the translation of a text that stands in a template, with the values of its fields."""
        localizer = get_current_request().localizer
        if mapping:
            return str(localizer.translate(message, domain=self._domain, mapping=mapping))
        asked = (localizer.locale_name, message)
        if asked not in self._known:
            self._known[asked] = str(localizer.translate(message, domain=self._domain))
        return self._known[asked]

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """Return the form that a number takes."""
        localizer = get_current_request().localizer
        return str(localizer.pluralize(singular, plural, n, domain=self._domain))


@lru_cache(1000)
def icon(url: str, name: str, cls: str = "") -> Markup:
    """Return a drawing, which screen readers pass over; a page holds up to two hundred.

    :param url: of the file of all icons.
    """
    classes = escape(f"icon {cls}" if cls else "icon")
    use = f'<use href="{escape(url)}#{escape(name)}"/>'
    return Markup(f'<svg class="{classes}" aria-hidden="true" focusable="false">{use}</svg>')  # noqa: S704 - escaped


class LazyToken:
    """The token for forms, made when a template writes it: a page without a form sets no cookie."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __str__(self) -> str:
        return str(self._request.csrf_token_value)


class LazyMacros:
    """The macros of pages, which templates know as ``ui``: made when the first of them is used."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __getattr__(self, name: str) -> Any:
        macro = getattr(MACROS.get_or_create(self._request), name)
        setattr(self, name, macro)  # found at once the next time
        return macro


def _macros(request: Request) -> TemplateModule:
    names = BeforeRender({"request": request}, {})
    request.registry.notify(names)
    return environment(request).get_template("civicportal:templates/macros.jinja2").make_module(names)


MACROS = RequestLocalCache(_macros)


class LazyNavigation:
    """The navigation, gathered when a layout asks for it: fields and fragments have none."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request.navigation, name)


def add_globals(event: Any) -> None:
    """Give every template the names it may rely on."""
    request = event.get("request") or get_current_request()
    if request is None:
        return
    event.setdefault("site", request.registry.site.face)
    event.setdefault("identity", request.identity if request.identity.door != "visitor" else None)
    event.update(NAMES.get_or_create(request))


def _names(request: Request) -> dict[str, Any]:
    return {
        "csrf_token": LazyToken(request),
        "text_direction": request.text_direction,
        "draw_icon": partial(icon, static_url(request, CORE, "vendor/icons.svg")),
        "static": partial(static_url, request, CORE),
        "static_of": partial(static_url, request),
        "navigation": LazyNavigation(request),
        "ui": LazyMacros(request),
    }


NAMES = RequestLocalCache(_names)
"""What the templates of a request know: a page is drawn in many pieces."""


def includeme(config: Any) -> None:
    """Add the filters and the globals."""
    config.add_subscriber(add_globals, BeforeRender)
    # Layouts and macros are named from here, by the templates of plugins too.
    config.add_jinja2_search_path("civicportal:templates")

    def prepare() -> None:
        drawn_with = config.get_jinja2_environment()
        drawn_with.filters.update(FILTERS)
        drawn_with.context_class = QuickContext
        # Jinja's own looks up ``gettext`` in the context, which it copies for it inside of loops and blocks.
        drawn_with.globals["_"] = drawn_with.globals["gettext"]

    config.action(None, prepare, order=1000)


def add_filters(config: Any, **filters: Any) -> None:
    """Add filters to all templates."""

    def add() -> None:
        config.get_jinja2_environment().filters.update(filters)

    config.action(("template filters", *sorted(filters)), add, order=1000)
