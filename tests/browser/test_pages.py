"""Accessibility (axe) and width of every page, in both themes."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from browser.conftest import Browsers
from browser.pages import ELSEWHERE, PAGES, PIECES, Shown
from browser.people import DESKTOP, PHONE, STAFF, Screen
from browser.samples import Facts, facts
from playwright.sync_api import Browser, Page
from portal import Portal
from selection import LONG

from civicportal.app import create_app

pytestmark = pytest.mark.browser
Tab = Callable[[str, Screen], Page]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDTHS = (DESKTOP.width, PHONE.width, 320)
"""CSS pixels to which each page must reflow; 320 by WCAG 1.4.10."""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def browsers(portal: Portal, chromium: Browser, sessions: Callable[[str], Any]) -> Iterator[Browsers]:
    """Return browsers that go from page to page."""
    opened = Browsers(chromium, portal.address, sessions)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def tab(browsers: Browsers) -> Tab:
    """Return a function that gives the one tab of a role and a screen."""
    return cache(browsers.open)


@pytest.fixture(scope="session")
def found(portal: Portal) -> Facts:
    """Return cases of the demo for the URLs, created once for each portal.

    Pages may come back to a process later, and must not send them again.
    """
    return facts(portal)


def test_every_page_is_in_the_table(portal: Portal) -> None:
    introspector = create_app(portal.site).registry.introspector
    shown = set()
    for view in introspector.get_category("views"):
        methods = view["introspectable"]["request_methods"]
        templates = [item for item in view["related"] if item.category_name == "templates"]
        if templates and (methods is None or "GET" in methods):
            shown.add(view["introspectable"]["route_name"])
    missing = shown - {page.route for page in PAGES} - PIECES - ELSEWHERE - {""}
    assert not missing, f"add {missing} to tests/browser/pages"


@pytest.mark.parametrize(
    "shown", PAGES, ids=lambda shown: "-".join(filter(None, [shown.route, shown.role, shown.name]))
)
def test_page_is_for_everybody(browsers: Browsers, tab: Tab, found: Facts, shown: Shown) -> None:
    for screen in _screens(shown):
        page = tab(shown.role, screen)
        shown.open(page, found)
        if page.locator("[data-map]").count():
            page.wait_for_load_state("networkidle")
        assert page.locator("h1:visible").count() == 1
        for theme in _themes(shown):
            page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme }", theme)
            assert barriers(page) == []
        # The tab's own width is the last one: so it is found by the next page.
        for width in sorted(WIDTHS, key=lambda width: width == screen.width):
            page.set_viewport_size({"width": width, "height": screen.height})
            assert page.evaluate(OVERFLOW) == 0, width
        assert browsers.complaints == []


def _screens(shown: Shown) -> tuple[Screen, ...]:
    """Return the screens on which axe checks a page: both in the long run, else the one on which most people open it."""
    if LONG:
        return (PHONE, DESKTOP)
    return (DESKTOP,) if shown.role in STAFF else (PHONE,)


def _themes(shown: Shown) -> tuple[str, ...]:
    """Return the themes in which axe checks a page: both in the long run, else one, and the other for its neighbours."""
    if LONG:
        return ("light", "dark")
    return ("light",) if PAGES.index(shown) % 2 == 0 else ("dark",)


def barriers(page: Page) -> list[str]:
    """Return the rules that axe finds broken, each with where."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
    # What passes need not be described: that would take as long again.
    options = {"runOnly": RULES, "resultTypes": ["violations"]}
    result = page.evaluate("options => axe.run(options)", options)
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]


@cache
def _axe() -> str:
    return (Path(__file__).parent / "vendor/axe.min.js").read_text(encoding="utf-8")
