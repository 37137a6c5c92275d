"""The installed app offline: home page and own cases as last seen, no other person's; no input is lost."""

from collections.abc import Callable

import pytest
from browser import desk
from browser.network import PATIENCE, Network
from browser.people import CITIZENS, VISITOR, sign_in_citizen
from browser.samples import send_report, who
from playwright.sync_api import Browser, Page, expect
from portal import Portal

pytestmark = pytest.mark.browser
BAR = ".offline-bar"
WORDS = "فردا صبح با اکیپ آسفالت می‌رویم"


def see(page: Page, path: str) -> None:
    """Look at a page, and wait until the worker has it."""
    page.goto(path)
    kept(page, path)


#: A promise is true for ``wait_for_function`` before it is fulfilled, so the browser itself asks again.
WAIT = """async ([found, path]) => {
    for (let turn = 0; turn < 600; turn += 1) {
        const pages = await caches.has('pages') ? await caches.open('pages') : null;
        if (Boolean(pages && (!path || await pages.match(path))) === found) { return; }
        await new Promise(again => setTimeout(again, 50));
    }
    throw new Error(`${path || 'the pages'}: not ${found ? 'there' : 'gone'}`);
}"""


def kept(page: Page, path: str) -> None:
    """Wait until the worker has a page."""
    page.evaluate(WAIT, [True, path])


def forgotten(page: Page, path: str = "") -> None:
    """Wait until the worker has thrown a page away, or all of them."""
    page.evaluate(WAIT, [False, path])


@pytest.fixture
def code(portal: Portal) -> str:
    with portal.site.work(write=False) as work:
        citizen = who(work, "citizen")
    return send_report(portal, citizen)


def test_own_pages_stay_readable(network: Network, phone: Callable[..., Page], code: str) -> None:
    page = phone()
    see(page, "/")
    expect(page.locator(BAR)).to_be_hidden()
    # The list asks the worker to keep the newest cases, opened or not.
    see(page, "/my")
    kept(page, f"/my/{code}")
    network.cut()
    page.goto(f"/my/{code}")
    expect(page.locator(BAR)).to_be_visible()
    expect(page.locator("[data-kept-time]")).not_to_be_empty()
    expect(page.locator("h1")).to_be_visible()
    page.goto("/")
    expect(page.locator(BAR)).to_be_visible()
    page.goto("/my/1000000003")
    expect(page.locator(BAR)).to_be_hidden()
    expect(page.get_by_role("heading", name="اینترنت در دسترس نیست")).to_be_visible()
    network.is_cut = False
    page.goto("/my")
    expect(page.locator(BAR)).to_be_hidden()


def test_the_guide_opens_without_a_network_before_it_was_visited(
    network: Network, phone: Callable[..., Page]
) -> None:
    page = phone()
    see(page, "/")
    kept(page, "/help")
    network.cut()
    page.goto("/help")
    expect(page.locator(BAR)).to_be_visible()
    expect(page.locator("h1")).to_have_text("راهنما")
    expect(page.locator("main h2").first).to_be_visible()


def test_at_the_sign_in_of_staff_nothing_is_left(phone: Callable[..., Page], code: str) -> None:
    page = phone()
    see(page, "/my")
    page.goto("/staff/login")
    forgotten(page)


def test_a_late_answer_is_not_cached_after_the_cache_was_cleared(
    network: Network, phone: Callable[..., Page], code: str
) -> None:
    page, own = phone(), f"/my/{code}"
    see(page, "/my")
    kept(page, own)
    network.held = f"GET {own} ".encode()
    page.evaluate("path => navigator.serviceWorker.controller.postMessage({ keep: [path] })", own)
    assert network.arrived.wait(PATIENCE)
    page.goto("/staff/login")
    forgotten(page)
    network.released.set()
    assert network.answered.wait(PATIENCE)
    # The same person's home page is kept after it, and would leave it there.
    see(page, "/")
    assert not page.evaluate("async path => Boolean(await caches.match(path, { ignoreVary: true }))", own)


def test_after_the_sign_out_nothing_is_left(
    network: Network, portal: Portal, chromium: Browser, phone: Callable[..., Page], code: str
) -> None:
    page = phone()
    see(page, "/my")
    page.evaluate("caches.delete('pages')")
    see(page, "/my")
    # A page of another person deletes them, as the sign-out does.
    page.context.clear_cookies()
    page.goto("/")
    forgotten(page, "/my")
    network.cut()
    page.goto("/my")
    expect(page.get_by_role("heading", name="اینترنت در دسترس نیست")).to_be_visible()


def test_a_form_stays_with_what_is_written_in_it(
    network: Network, phone: Callable[..., Page], code: str
) -> None:
    page = phone("handler")
    page.goto("/")
    # The worker is that of the whole site.
    page.wait_for_function("() => Boolean(navigator.serviceWorker.controller)")
    desk.open_case(page, code)
    panel = desk.open_tab(page, "comment")
    panel.locator("[name=text]").fill(WORDS)
    network.cut()
    panel.locator("[data-default]").click()
    expect(page.locator(".toast-x")).to_contain_text("همین‌جا می‌ماند")
    expect(panel.locator("[name=text]")).to_have_value(WORDS)
    network.is_cut = False
    panel.locator("[data-default]").click()
    expect(page.locator(".bubble", has_text=WORDS)).to_be_visible()


def test_a_browser_that_knows_of_no_network_does_not_even_try(
    network: Network, phone: Callable[..., Page]
) -> None:
    page = phone(VISITOR)
    # What one's data is shown for is a proof of the last minutes: that of a kept sign-in may have gone by.
    sign_in_citizen(page, CITIZENS["citizen"])
    page.goto("/account/data")
    page.context.set_offline(True)
    page.locator("main form button.btn-primary").click()
    expect(page.locator(".toast-x")).to_contain_text("همین‌جا می‌ماند")
    page.context.set_offline(False)
    with page.expect_download():
        page.locator("main form button.btn-primary").click()
