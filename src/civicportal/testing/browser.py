"""Browser tests with Chromium."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    Response,
    sync_playwright,
)

from civicportal.core.site import Site
from civicportal.testing.people import People, Person
from civicportal.testing.serving import Server

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first installed one is used: the headless shell loads pages in half the time."""
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
"""Timeout of a page in milliseconds, for a busy machine."""
REFUSALS = (400, 403, 404, 409, 422, 429)
"""Status codes of pages that report a user's mistake, which the browser logs on its console."""
TOLD = (401, 422)
"""Status codes that scripts handle: the session has ended, or a value such as a file is refused."""


MISSING = "no browser is installed (Debian: apt-get install chromium-headless-shell; else: playwright install chromium)"


class ChromiumMissing(Exception):
    """No browser is installed; the message says what to install."""


def program() -> str | None:
    """Return the path of the machine's browser, None if there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@contextmanager
def launched() -> Iterator[Browser]:
    """Start Chromium, and stop it at the end.

    :raises ChromiumMissing: when neither is installed.
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
    # On a new machine it lacks a library that the Chromium package installs, and its error names neither.
    try:
        return sync_playwright().start()
    except Exception as error:  # Playwright raises no more specific exception
        if found:
            raise
        raise ChromiumMissing(MISSING) from error


class Watch:
    """Collect errors of a browser, and foreign requests."""

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

    def _answered(self, response: Response) -> None:
        is_page = response.request.is_navigation_request()
        if response.status in TOLD or (is_page and response.status in REFUSALS):
            self._refused.add(response.url)
        if response.status >= 500:
            self._found.append((response.url, f"answered {response.status}"))

    @property
    def complaints(self) -> list[tuple[str, str]]:
        """Return (URL, message), without the messages about refused pages."""
        return [
            (url, text)
            for url, text in self._found
            if not (url in self._refused and text.startswith("Failed to load resource"))
        ]


class BrowserApp:
    """The test site served on loopback, and browsers that visit it.

    :ivar address: of the site, without a trailing slash.
    """

    def __init__(self, chromium: Browser, app: WSGIApplication, site: Site, people: People) -> None:
        self._chromium, self._site, self._people = chromium, site, people
        self._server = Server(app)
        self.address = self._server.address
        self._opened: list[tuple[BrowserContext, Watch]] = []

    def open(self, path: str = "/", person: Person | None = None, **options: Any) -> Page:
        """Open a page of the site in a separate browser.

        :param person: signed in there; no one if None.
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
        """Return (URL, message) of all errors in the browsers so far.

        Script errors, violations of the content security policy, responses of 500 and above, requests to other hosts.
        """
        return [complaint for _context, watch in self._opened for complaint in watch.complaints]

    def close(self) -> None:
        """Close browsers and server.

        :raises AssertionError: when a browser reported an error.
        """
        complaints = self.complaints
        while self._opened:
            self._opened.pop()[0].close()
        self._server.close()
        assert not complaints, complaints
