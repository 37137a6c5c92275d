"""The date field: typing and picking, in both text directions."""

import pytest
from browser.conftest import Open
from browser.people import DESKTOP, PHONE
from playwright.sync_api import Page, expect
from portal import Portal

pytestmark = pytest.mark.browser
FIELD = "[name=first_day]"


def open_filters(page: Page) -> None:
    """Open the desk of reports with its filters."""
    page.goto("/desk/reports")
    page.locator("details.filter-box > summary").click()
    expect(page.locator(f".jdate:has({FIELD}) button")).to_be_visible()


def typed(page: Page, text: str) -> None:
    """Write a day and open the month over it."""
    page.locator(FIELD).fill(text)
    page.locator(FIELD).press("ArrowDown")
    expect(page.locator("dialog[open] .jcal")).to_be_visible()


def test_month_opens_at_the_typed_day_and_goes_on_by_keyboard(open_page: Open) -> None:
    page = open_page("public_relations", DESKTOP)
    open_filters(page)
    typed(page, "1405/12/29")
    expect(page.locator(".jcal [aria-selected=true]")).to_have_text("۲۹")
    # Left is ahead where lines run from right to left; Esfand of 1405 has 29 days.
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".jcal button:focus")).to_have_attribute("aria-label", "یکشنبه ۱ فروردین")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("PageDown")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page.locator(FIELD)).to_have_value("۱۴۰۶/۰۲/۰۴")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_leap_day_is_there_in_its_year_only(open_page: Open) -> None:
    page = open_page("public_relations", DESKTOP)
    open_filters(page)
    typed(page, "۱۴۰۳/۱۲/۱")
    expect(page.locator(".jcal button").last).to_have_text("۳۰")
    page.keyboard.press("Shift+PageDown")
    expect(page.locator(".jcal button").last).to_have_text("۲۹")
    page.keyboard.press("Escape")
    expect(page.locator(FIELD)).to_have_value("۱۴۰۳/۱۲/۱")


def test_day_is_chosen_by_touch_and_sent(open_page: Open) -> None:
    page = open_page("public_relations", PHONE)
    open_filters(page)
    page.locator(f".jdate:has({FIELD}) button").click()
    page.locator("dialog[open] select").first.select_option("1")
    page.locator("dialog[open] select").last.select_option("1405")
    page.locator(".jcal button", has_text="۱۷").click()
    page.locator("form:has([name=first_day]) button.btn-primary").click()
    page.wait_for_url("**first_day=*")
    expect(page.locator(FIELD)).to_have_value("۱۴۰۵/۰۱/۱۷")


def test_pages_from_left_to_right_go_the_other_way(open_page: Open, portal: Portal) -> None:
    page = open_page("public_relations", DESKTOP)
    page.context.add_cookies([{"name": "lang", "value": "en", "url": portal.address}])
    open_filters(page)
    typed(page, "1405/09/04")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".jcal button:focus")).to_have_text("5")
    page.keyboard.press("Enter")
    expect(page.locator(FIELD)).to_have_value("1405/09/05")
