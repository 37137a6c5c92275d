"""A page as a certain person sees it: a row of the table of pages."""

from collections.abc import Callable
from dataclasses import dataclass

from browser.samples import Facts
from playwright.sync_api import Page


@dataclass(frozen=True)
class Shown:
    """A page as a certain person sees it.

    :ivar path: words in braces are filled in from the demo's cases.
    :ivar reach: what the person does to get there, where the address alone does not lead there.
    :ivar name: tells apart what one route shows.
    """

    route: str
    role: str
    path: str
    reach: Callable[[Page, Facts], None] | None = None
    status: int = 200
    name: str = ""

    def open(self, page: Page, facts: Facts) -> None:
        """Go to the page."""
        if self.reach:
            self.reach(page, facts)
        else:
            answer = page.goto(self.path.format(**facts))
            assert answer
            assert answer.status == self.status
