"""Following a case up without signing in: the code and a second part."""

from browser.people import persian
from playwright.sync_api import Page


def ask(page: Page, code: str) -> None:
    """Type the code on the home, as a Persian keyboard does."""
    page.goto("/")
    page.locator("form[action='/track/code'] [name=code]").fill(persian(code))
    page.locator("form[action='/track/code'] button").click()


def prove(page: Page, proof: str) -> None:
    """Type the last four digits of the mobile, or the PIN."""
    page.locator("[name=proof]").fill(persian(proof))
    page.locator("main form button.btn-primary").click()


def track(page: Page, code: str, proof: str) -> None:
    """Go from the home to the page of a case."""
    ask(page, code)
    prove(page, proof)
    page.wait_for_url(f"**/track/{code}")
