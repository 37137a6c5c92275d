"""A link from another site, for instance in a mail: staff stay signed in and see the page."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browser.conftest import Browsers, Open
from browser.people import VISITOR
from playwright.sync_api import Browser, Page, expect
from portal import Portal

pytestmark = pytest.mark.browser
FOREIGN = "a request to a foreign host"
LINK = """address => document.body.prepend(
    Object.assign(document.createElement('a'), {id: 'link', href: address, textContent: 'link'}))"""


def follow(page: Page, portal: Portal, path: str) -> None:
    """Click a link on a page of another site: to a browser, localhost is another than 127.0.0.1."""
    page.goto(f"http://localhost:{portal.port}/about")
    page.evaluate(LINK, f"{portal.address}{path}")
    page.locator("#link").click()


@pytest.fixture
def open_page(portal: Portal, chromium: Browser, sessions: Callable[[str], Any]) -> Iterator[Open]:
    """Open browsers that may look at another site."""
    browsers = Browsers(chromium, portal.address, sessions)
    yield browsers.open
    complaints = [told for told in browsers.complaints if told[1] != FOREIGN]
    browsers.end()
    assert complaints == []


def offered_offline(page: Page) -> None:
    """Let the page's worker take over: what is asked for goes through its hands."""
    page.goto("/")
    page.evaluate("navigator.serviceWorker.ready.then(Boolean)")


@pytest.mark.parametrize(
    ("before", "options"),
    [(lambda page: None, {}), (offered_offline, {}), (lambda page: None, {"java_script_enabled": False})],
    ids=["plain", "installed", "without script"],
)
def test_an_officer_stays_signed_in_and_sees_the_page(
    portal: Portal, open_page: Open, before: Callable[[Page], None], options: dict[str, bool]
) -> None:
    page = open_page("handler", **options)
    before(page)
    follow(page, portal, "/kartable?sort=oldest")
    page.wait_for_url(f"{portal.address}/kartable?sort=oldest")
    expect(page.locator("form[action='/logout']").first).to_be_attached()
    page.go_back()
    page.wait_for_url(f"http://localhost:{portal.port}/about")


def test_a_stranger_is_shown_the_page_at_once(portal: Portal, open_page: Open) -> None:
    page = open_page(VISITOR)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    follow(page, portal, "/track")
    expect(page.locator("[name=code]")).to_be_visible()
    assert asked.count(f"{portal.address}/track") == 1
