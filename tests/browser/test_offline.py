"""The installed app offline: home page and own cases as last seen, no other person's; no input is lost."""

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from browser import desk
from browser.people import CITIZENS, PHONE, VISITOR, sign_in_citizen
from browser.samples import send_report, who
from playwright.sync_api import Browser, BrowserContext, Page, expect
from portal import Portal

pytestmark = pytest.mark.browser
BAR = ".offline-bar"
WORDS = "فردا صبح با اکیپ آسفالت می‌رویم"
PATIENCE = 30
"""Seconds, on a busy machine."""


class Network(socketserver.ThreadingTCPServer):
    """A network connection that can be cut or delayed."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.is_cut = False
        self.open: set[socket.socket] = set()
        self.held = b""
        self.arrived, self.released, self.answered = (threading.Event() for _ in range(3))
        super().__init__(("127.0.0.1", 0), Connection)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def cut(self) -> None:
        """Close the current connections, and refuse new ones."""
        self.is_cut = True
        for one in list(self.open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


class Connection(socketserver.BaseRequestHandler):
    """Carries what one browser and the portal say to each other."""

    server: Network
    held = False

    def handle(self) -> None:
        with socket.create_connection(self.server.target) as other:
            self.server.open |= {self.request, other}
            # Not before: who is cut off between is not among those that are open, and would go on.
            if self.server.is_cut:
                return
            back = threading.Thread(target=self.carry, args=(other, self.request), daemon=True)
            back.start()
            self.carry(self.request, other)
            back.join()
            self.server.open -= {self.request, other}

    def carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):  # the other side has gone
            while data := source.recv(65536):
                if self.server.held and data.startswith(self.server.held):
                    self.held = True
                    self.server.arrived.set()
                    self.server.released.wait(PATIENCE)
                target.sendall(data)
                if self.held and source is not self.request:
                    self.server.answered.set()
            target.shutdown(socket.SHUT_WR)


@pytest.fixture
def network(portal: Portal) -> Iterator[Network]:
    host, _colon, port = portal.address.removeprefix("http://").partition(":")
    with Network((host, int(port))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.cut()
        server.shutdown()


@pytest.fixture
def phone(
    network: Network, chromium: Browser, sessions: Callable[[str], Any]
) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a telephone on the network that can be cut, by default a citizen's."""
    opened: list[BrowserContext] = []

    def open_(role: str = "citizen") -> Page:
        context = chromium.new_context(
            base_url=network.address,
            locale="fa-IR",
            storage_state=None if role == VISITOR else sessions(role),
            **PHONE.options,
        )
        opened.append(context)
        return context.new_page()

    yield open_
    for context in opened:
        context.close()


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
