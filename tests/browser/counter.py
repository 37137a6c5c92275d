"""An officer's form for a citizen who calls."""

from browser.wizard import ADDRESS, CATEGORY, WORDS
from playwright.sync_api import Page, expect

CODES = ".said-codes [data-copy]"
SEARCH = "چال"
"""Beginning of what the category is called."""


def fill_in(page: Page) -> None:
    """Write a report down by the keyboard: category by its search, place in words."""
    page.goto("/desk/reports/new")
    page.locator("#category-search").fill(SEARCH)
    page.keyboard.press("Enter")
    expect(page.locator("label", has=page.locator("[name=category]:checked"))).to_contain_text(CATEGORY)
    page.locator("[name=body]").fill(WORDS)
    page.locator("[name=address]").fill(ADDRESS)


def send(page: Page) -> list[str]:
    """Send the form; return the tracking code, and the PIN if there is one.

    Reports nearby that came too late to be seen are shown once before.
    """
    codes, asked = page.locator(CODES).first, page.locator("form:has(#near-title)").first
    page.keyboard.press("Control+Enter")
    page.wait_for_load_state()
    expect(codes.or_(asked)).to_be_visible()
    if asked.is_visible():
        page.keyboard.press("Control+Enter")
    expect(codes).to_be_visible()
    page.wait_for_load_state()
    return [str(copy.get_attribute("data-copy")) for copy in page.locator(CODES).all()]


def registered(page: Page, _found: object) -> None:
    """Register a report without a citizen and stay on the page that shows its code and PIN."""
    fill_in(page)
    send(page)
