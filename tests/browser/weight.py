"""Page weight: ``PYTHONPATH=tests python -m browser.weight`` measures the home page."""

import tempfile
from pathlib import Path
from typing import Any

import click
from browser.people import PHONE
from playwright.sync_api import Browser, Page
from portal import running

from civicportal.testing.browser import launched

KIB = 1024


class Scales:
    """Adds up the transferred bytes of a page, headers included."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._bytes = 0.0
        session = page.context.new_cdp_session(page)
        session.on("Network.loadingFinished", self._add)
        session.send("Network.enable")

    def weigh(self, path: str) -> int:
        """Open a page and return its weight in bytes, the map and the pictures that show included."""
        self._bytes = 0.0
        self._page.goto(path)
        self._page.wait_for_load_state("networkidle")
        return round(self._bytes)

    def _add(self, loaded: dict[str, Any]) -> None:
        self._bytes += loaded["encodedDataLength"]


def weigh_home(browser: Browser, address: str) -> tuple[int, int]:
    """Return the bytes of the first and second visit of the home page."""
    context = browser.new_context(base_url=address, locale="fa-IR", **PHONE.options)
    scales = Scales(context.new_page())
    first, again = scales.weigh("/"), scales.weigh("/")
    context.close()
    return first, again


def main() -> None:
    """Run the demo and print the weights of its home."""
    with (
        tempfile.TemporaryDirectory() as folder,
        launched() as browser,
        running(Path(folder), f"sqlite:///{folder}/portal.db", people=True) as portal,
    ):
        portal.start()
        first, again = weigh_home(browser, portal.address)
        portal.stop()
    click.echo(f"home, first visit: {first / KIB:.0f} KiB; the next: {again / KIB:.0f} KiB")


if __name__ == "__main__":
    main()
