"""Jinja2 globals and filters."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache, partial

from jinja2 import pass_context
from jinja2.environment import TemplateModule
from jinja2.runtime import Context
from markupsafe import Markup, escape
from pyramid.config import Configurator
from pyramid.events import BeforeRender
from pyramid.request import RequestLocalCache
from pyramid.threadlocal import get_current_request
from pyramid_jinja2 import (
    add_jinja2_extension,
    add_jinja2_renderer,
    add_jinja2_search_path,
    get_jinja2_environment,
)

import civicportal
from civicportal.core.translated import text_in
from civicportal.util import tracking
from civicportal.util.calendar import CityCalendar
from civicportal.util.calendar.formats import DateStyle
from civicportal.util.i18n import _, format_number, listed, localized_digits, say
from civicportal.util.icons import REFERENCE, icon_names
from civicportal.util.lists import Total
from civicportal.web.context import QuickContext, environment
from civicportal.web.request import Request
from civicportal.web.static import CORE, static_url
from civicportal.web.translating import install

log = logging.getLogger(__name__)


def _locale(context: Context) -> str:
    request = context.get("request") or get_current_request()
    return str(request.locale_name)


def _now(context: Context) -> datetime:
    now: datetime = (context.get("request") or get_current_request()).site.clock.now()
    return now


def _calendar(context: Context) -> CityCalendar:
    calendar: CityCalendar = (context.get("request") or get_current_request()).site.calendar
    return calendar


@pass_context
def digits(context: Context, value: object) -> str:
    """Convert digits to those of the language."""
    return localized_digits(str(value), _locale(context))


@pass_context
def number(context: Context, value: float) -> str:
    """Format a number with the language's separators."""
    return format_number(value, _locale(context))


@pass_context
def total(context: Context, value: Total) -> str:
    """Format the number of rows of a list, as text if it is a lower bound."""
    written = format_number(value.number, _locale(context))
    if value.exact:
        return written
    request = context.get("request") or get_current_request()
    words = _("more than ${number}", mapping={"number": written}) if value.number else _("some")
    return str(request.localizer.translate(words))


@pass_context
def brief_total(context: Context, value: Total) -> str:
    """Format the number of rows briefly, for badges."""
    return format_number(value.number, _locale(context)) + ("" if value.exact else "+")


@pass_context
def date(context: Context, value: datetime, style: DateStyle = "medium") -> str:
    """Format the city's date of a time."""
    return str(_calendar(context).format_date(value, style, locale=_locale(context)))


@pass_context
def date_time(context: Context, value: datetime) -> str:
    """Format date and time, with the year only if it is not the current one."""
    return str(_calendar(context).format_datetime(value, _now(context), locale=_locale(context)))


@pass_context
def end_of_period(context: Context, value: datetime) -> str:
    """Format the end of a period: midnight as the day before, without a time."""
    return str(_calendar(context).format_end(value, _now(context), locale=_locale(context)))


@pass_context
def time_only(context: Context, value: datetime) -> str:
    """Format the time of day."""
    return str(_calendar(context).format_time(value, locale=_locale(context)))


@pass_context
def relative(context: Context, value: datetime) -> str:
    """Format how long ago a time was, or its date.

    Its date if it is long ago.
    """
    request = context.get("request") or get_current_request()
    text = _calendar(context).relative(value, _now(context), locale=_locale(context))
    return str(request.localizer.translate(text))


@pass_context
def tracking_code(context: Context, code: str) -> str:
    """Format a tracking code in groups."""
    return localized_digits(tracking.grouped(code), _locale(context))


@pass_context
def mobile(context: Context, value: str) -> str:
    """Format a mobile number for display."""
    country = (context.get("request") or get_current_request()).site.country
    return localized_digits(country.display_mobile(value), _locale(context))


@pass_context
def mask_mobile(context: Context, value: str) -> str:
    """Format a mobile number with its middle masked."""
    country = (context.get("request") or get_current_request()).site.country
    return f"\u2066{localized_digits(country.mask_mobile(value), _locale(context))}\u2069"


@pass_context
def translated(context: Context, value: object) -> str:
    """Translate a text from Python code."""
    request = context.get("request") or get_current_request()
    return say(value, request.localizer)


@pass_context
def listed_names(context: Context, values: Iterable[object]) -> str:
    """Join names with the comma of the language."""
    return listed(map(str, values), _locale(context))


@pass_context
def text_of(context: Context, row: object, column: str) -> str:
    """Return a text of a row, such as the title of a role, in the language of the page."""
    return text_in(row, column, _locale(context))


FILTERS = {
    "total": total,
    "brief_total": brief_total,
    "digits": digits,
    "number": number,
    "date": date,
    "datetime": date_time,
    "end": end_of_period,
    "time": time_only,
    "relative": relative,
    "tracking": tracking_code,
    "mobile": mobile,
    "mask_mobile": mask_mobile,
    "listed": listed_names,
    "t": translated,
    "text_of": text_of,
}


@lru_cache(1000)
def icon(url: str, name: str, cls: str = "") -> Markup:
    """Return an SVG icon, hidden from screen readers.

    :param url: of the icon sprite.
    """
    if name not in icon_names():
        log.error("there is no icon %r: %s lists them", name, REFERENCE, extra={"mistake": True})
    classes = escape(f"icon {cls}" if cls else "icon")
    use = f'<use href="{escape(url)}#{escape(name)}"/>'
    return Markup(f'<svg class="{classes}" aria-hidden="true" focusable="false">{use}</svg>')  # noqa: S704 - escaped


class LazyToken:
    """The CSRF token, created on first use, because a page without a form sets no cookie."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __str__(self) -> str:
        return str(self._request.csrf_token_value)


class LazyMacros:
    """The macros ``ui``, loaded on first use."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __getattr__(self, name: str) -> object:
        macro = getattr(MACROS.get_or_create(self._request), name)
        setattr(self, name, macro)  # cached as an attribute
        return macro


def _macros(request: Request) -> TemplateModule:
    names = BeforeRender({"request": request}, {})
    request.registry.notify(names)
    return environment(request).get_template("civicportal:templates/macros.jinja2").make_module(names)


MACROS = RequestLocalCache(_macros)


class LazyNavigation:
    """The navigation, built on first use."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __getattr__(self, name: str) -> object:
        return getattr(self._request.navigation, name)


def add_globals(event: BeforeRender) -> None:
    """Add the template globals."""
    request = event.get("request") or get_current_request()
    if request is None:
        return
    event.setdefault("site", request.registry.site.branding_in(request.locale_name))
    event.setdefault("identity", request.identity if request.identity.realm != "visitor" else None)
    event.update(NAMES.get_or_create(request))


#: What every template knows, and what it is.
GLOBALS = {
    "request": "the request; `request.site`, `request.identity`, `request.route_path(name, …)`",
    "site": "name, colours, contact and words of the municipality: `site.name`, `site.phone`",
    "identity": "the signed-in actor, None for a visitor",
    "csrf_token": 'token for a form: `<input type="hidden" name="csrf_token" value="{{ csrf_token }}">`',
    "text_direction": '"rtl" or "ltr"',
    "draw_icon": "draws an icon: `draw_icon(name, cls='')`",
    "static": "address of a static file of the core: `static('citizen.css')`",
    "static_of": "address of a static file of a plugin or the site: `static_of('parking', 'map.css')`",
    "navigation": "links of the layouts",
    "ui": "macros of `macros.jinja2`",
    "_": "translates a text in the domain of the template's package",
}


def _names(request: Request) -> dict[str, object]:
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
"""Variables cached per request: a page is rendered in many parts."""


def add_renderer(config: Configurator) -> None:
    """Add the renderer of ``.jinja2`` templates as ``pyramid_jinja2.includeme`` does, with the core as its package.

    That function finds its package by reading the source of everything on the stack: 0.06 s of each start.
    """
    for directive in (
        add_jinja2_extension,
        add_jinja2_renderer,
        add_jinja2_search_path,
        get_jinja2_environment,
    ):
        config.add_directive(directive.__name__, directive)
    config.add_jinja2_renderer(".jinja2", package=civicportal)
    config.add_jinja2_search_path("civicportal:", name=".jinja2")


def includeme(config: Configurator) -> None:
    """Add the filters and the globals."""
    config.add_subscriber(add_globals, BeforeRender)
    # Layouts and macros are found by these names, also from templates of plugins.
    config.add_jinja2_search_path("civicportal:templates")

    def prepare() -> None:
        drawn_with = config.get_jinja2_environment()
        drawn_with.filters.update(FILTERS)
        drawn_with.context_class = QuickContext
        install(drawn_with)

    config.action(None, prepare, order=1000)


def add_filters(config: Configurator, **filters: Callable[..., object]) -> None:
    """Add filters to all templates."""

    def add() -> None:
        config.get_jinja2_environment().filters.update(filters)

    config.action(("template filters", *sorted(filters)), add, order=1000)
