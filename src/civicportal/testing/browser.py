"""Chromium, what it complains about, and the browsers of the people who look at the test site. Needs Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    sync_playwright,
)

from civicportal.core.site import Site
from civicportal.testing.people import People, Person
from civicportal.testing.serving import Server

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first that is there: the shell has no window to draw, and its pages are there in half the time."""
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30_000
"""Milliseconds that a page may take on a busy machine."""
REFUSALS = (400, 403, 404, 409, 422, 429)
"""Statuses of pages that answer a person's mistake: the browser notes them on its console."""
TOLD = (401, 422)
"""Statuses that scripts are told and go on from: the session has ended, a value, for instance a file, is refused."""


MISSING = "no browser is installed (Debian: apt-get install chromium-headless-shell; else: playwright install chromium)"


class ChromiumMissing(Exception):
    """There is no browser to start; the text says what to install."""


def program() -> str | None:
    """Return the path of the machine's browser, None where there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@contextmanager
def launched() -> Iterator[Browser]:
    """Start the machine's Chromium, or Playwright's own; end it afterwards.

    :raises ChromiumMissing: when there is neither.
    """
    found = program()
    playwright = _driver(found)
    try:
        if found is None and not Path(playwright.chromium.executable_path).exists():
            raise ChromiumMissing(MISSING)
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()
    finally:
        playwright.stop()


def _driver(found: str | None) -> Playwright:
    # On an empty machine it lacks a library that Chromium brings along, and its error names neither.
    try:
        return sync_playwright().start()
    except Exception as error:  # Playwright raises nothing narrower
        if found:
            raise
        raise ChromiumMissing(MISSING) from error


class Watch:
    """Collects what a browser complains about, and requests to hosts other than the portal's."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self._address = address
        self._found: list[tuple[str, str]] = []
        self._refused: set[str] = set()
        context.on("console", self._said)
        context.on("weberror", lambda error: self._found.append(("", str(error.error))))
        context.on("request", self._asked)
        context.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._found.append((message.location.get("url", ""), message.text))

    def _asked(self, request: Request) -> None:
        if request.url.startswith("http") and not request.url.startswith(self._address):
            self._found.append((request.url, "a request to a foreign host"))

    def _answered(self, response: Any) -> None:
        is_page = response.request.is_navigation_request()
        if response.status in TOLD or (is_page and response.status in REFUSALS):
            self._refused.add(response.url)
        if response.status >= 500:
            self._found.append((response.url, f"answered {response.status}"))

    @property
    def complaints(self) -> list[tuple[str, str]]:
        """Return (address, words), without the notes on refused pages."""
        return [
            (url, text)
            for url, text in self._found
            if not (url in self._refused and text.startswith("Failed to load resource"))
        ]


class BrowserApp:
    """The test site, served on loopback, and the browsers that look at it.

    :ivar address: of the site, without a slash at its end.
    """

    def __init__(self, chromium: Browser, app: Any, site: Site, people: People) -> None:
        self._chromium, self._site, self._people = chromium, site, people
        self._server = Server(app)
        self.address = self._server.address
        self._opened: list[tuple[BrowserContext, Watch]] = []

    def open(self, path: str = "/", person: Person | None = None, **options: Any) -> Page:
        """Open a browser of its own at an address of the site and return its page.

        :param person: who has signed in there; nobody if None.
        :param options: of a browser context, for instance ``viewport={"width": 390, "height": 844}``.
        """
        usual = {"locale": self._site.locale, "reduced_motion": "reduce"}
        context = self._chromium.new_context(base_url=self.address, **{**usual, **options})
        context.set_default_timeout(PATIENCE)
        self._opened.append((context, Watch(context, self.address)))
        if person:
            token = self._people.sign_in(person)
            context.add_cookies([{"name": self._site.cookie_name, "value": token, "url": self.address}])
        page = context.new_page()
        page.goto(path)
        return page

    @property
    def complaints(self) -> list[tuple[str, str]]:
        """Return (address, words) of what the browsers complained about so far.

        Errors of scripts, what the content security policy refused, answers of 500 and above, requests to other hosts.
        """
        return [complaint for _context, watch in self._opened for complaint in watch.complaints]

    def close(self) -> None:
        """Close browsers and server.

        :raises AssertionError: when a browser complained about anything.
        """
        complaints = self.complaints
        while self._opened:
            self._opened.pop()[0].close()
        self._server.close()
        assert not complaints, complaints
