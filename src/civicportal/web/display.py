"""Isolated display of plugins' widgets and panels.

If a hook raises, its items are missing; if a template raises, its item is missing; both are logged. One that hangs
occupies at most half of the server's threads, see :mod:`civicportal.core.serving.turns`. The page's unit of work is not
used: on PostgreSQL one failed statement would make all later ones fail. The items of a page share one of their own, so
that what one has read about the person need not be read again; after a failure the next item gets a new one.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from markupsafe import Markup
from pyramid.renderers import render

from civicportal.core.plugins import in_order, turn_of
from civicportal.core.work import Work, refuse_changes
from civicportal.web.display_works import DisplayWorks
from civicportal.web.items import DashboardWidget, Panel
from civicportal.web.request import Request

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")
WORKS = "display_works"
"""Name under which a request keeps them."""


def _works(request: Request) -> DisplayWorks:
    """Return the units of work of the page's items, closed after the response."""
    kept = vars(request)
    if WORKS not in kept:
        works = DisplayWorks(
            lambda: request.site.work(actor=request.identity, write=False, locale=request.locale_name)
        )
        request.add_finished_callback(lambda _request: works.close())
        kept[WORKS] = works
    found: DisplayWorks = kept[WORKS]
    return found


@contextmanager
def isolated(request: Request) -> Iterator[Work]:
    """Set ``request.display_work`` for a block, which changes nothing.

    :raises ReadOnlyWork: if it does.
    """
    works = _works(request)
    outer: Any = getattr(request, "display_work", None)
    request.display_work = work = works.take()
    try:
        yield work
        refuse_changes(work)
    except BaseException:
        works.discard()
        raise
    finally:
        request.display_work = outer


def read_or_fallback(request: Request, what: Callable[[Work], Answer], fallback: Answer) -> Answer:
    """Call a function in isolation, with a fallback.

    The fallback is returned when it fails.
    """
    try:
        with isolated(request) as work:
            return what(work)
    except Exception:
        log.exception("%s failed", getattr(what, "__qualname__", what))
        return fallback


def render_areas(
    request: Request,
    hook: str,
    areas: Iterable[str],
    page: Mapping[str, object] | None = None,
    **arguments: object,
) -> dict[str, list[Markup]]:
    """Render the plugins' items for areas of a page.

    :param hook: ``dashboard_widgets`` or ``case_panels``.
    :param areas: shown by this page; others are left out.
    :param page: variables for every template besides its own context.
    :param arguments: of the hook, besides ``request``.
    :return: by area, ordered by weight, then by name.
    """
    wanted = frozenset(areas)
    found: dict[str, list[tuple[int, str, Markup]]] = defaultdict(list)
    for plugin, function in in_order(request.site.hooks, hook):
        try:
            with turn_of(plugin), isolated(request):
                for item in function(request=request, **arguments) or ():
                    if item.area in wanted:
                        found[item.area] += _rendered(request, plugin, item, page or {})
        except Exception:
            log.exception("hook %s of plugin %s failed", hook, plugin)
    return {
        area: [markup for _weight, _name, markup in sorted(found[area], key=lambda row: row[:2])]
        for area in wanted
    }


def _rendered(
    request: Request, plugin: str, item: DashboardWidget | Panel, page: Mapping[str, object]
) -> list[tuple[int, str, Markup]]:
    try:
        context = item.context() if callable(item.context) else item.context
        if context is None:
            return []
        text = render(item.template, {**page, **context}, request=request)
    except Exception:
        log.exception("the item %s of plugin %s cannot be rendered", item.name, plugin)
        _works(request).discard()
        return []
    return [(-item.weight, item.name, Markup(text))]  # noqa: S704 - the template has escaped what it was given
