"""The installable app: page weight and installation."""

import pytest
from browser.conftest import Open
from browser.people import PHONE
from browser.weight import KIB, weigh_home
from playwright.sync_api import Browser, expect
from portal import Portal

pytestmark = pytest.mark.browser
FIRST, AGAIN = 350 * KIB, 60 * KIB
"""Bytes that the home may weigh on the first visit, and on the next."""
#: What a browser does that can install the page; ours has no hands for it.
OFFER = """() => dispatchEvent(Object.assign(new Event('beforeinstallprompt', {cancelable: true}), {
    prompt: () => { document.documentElement.dataset.asked = 'yes'; return Promise.resolve(); },
    userChoice: Promise.resolve({outcome: 'accepted'})
}))"""


def test_home_is_light_and_lighter_the_next_time(portal: Portal, chromium: Browser) -> None:
    first, again = weigh_home(chromium, portal.address)
    assert first <= FIRST
    assert again <= AGAIN


def test_home_screen_is_offered_where_the_browser_offers_it(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    page.goto("/")
    card = page.locator("[data-install]")
    expect(card).to_be_hidden()
    page.evaluate(OFFER)
    expect(card).to_be_visible()
    card.locator("[data-install-button]").click()
    expect(page.locator("html[data-asked=yes]")).to_be_attached()


def test_a_browser_that_offers_nothing_is_explained(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    page.add_init_script("Object.defineProperty(navigator, 'standalone', {value: false})")
    page.goto("/")
    card = page.locator("[data-install]")
    expect(card).to_be_visible()
    expect(card.locator("[data-install-by-hand]")).to_be_visible()
    expect(card.locator("[data-install-button]")).to_be_hidden()
    icon = page.locator("link[rel=apple-touch-icon]").get_attribute("href")
    assert icon
    assert page.request.get(icon).headers["content-type"] == "image/png"


def test_manifest_names_the_app_in_its_language(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    page.goto("/")
    address = page.locator("link[rel=manifest]").get_attribute("href")
    assert address
    manifest = page.request.get(address).json()
    assert (manifest["name"], manifest["lang"], manifest["dir"]) == ("شهرِمَن", "fa", "rtl")
    assert manifest["display"] == "standalone"
    for icon in manifest["icons"]:
        assert page.request.get(icon["src"]).headers["content-type"] == "image/png"
    page.evaluate("navigator.serviceWorker.ready.then(Boolean)")
