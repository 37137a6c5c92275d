"""Drafts of the citizens' forms: whose they are, and what becomes of them when a form is sent."""

import pytest
from browser.conftest import Open
from browser.people import PHONE
from browser.test_feedback import WORDS, choose
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
OTHER = "در بوستان نارون چراغ‌های کنار زمین بازی روشن نمی‌شود."


def write(page: Page, words: str = WORDS) -> None:
    """Write a message and wait until its draft is kept."""
    page.goto("/feedback/new")
    choose(page, "type", "suggestion")
    page.locator("[name=body]").fill(words)
    page.wait_for_function("words => JSON.stringify(localStorage).includes(words)", arg=words)


def send(page: Page) -> str:
    """Send it and return the tracking code."""
    page.locator("main form button.btn-primary").click()
    expect(page.locator("[data-draft-done=feedback]")).to_be_visible()
    return str(page.locator(".codes [data-copy]").first.get_attribute("data-copy"))


def test_two_tabs_of_one_draft_send_what_each_says(open_page: Open) -> None:
    page = open_page("citizen", PHONE)
    write(page)
    same, other = page.context.new_page(), page.context.new_page()
    for tab in (same, other):
        tab.goto("/feedback/new")
        expect(tab.locator("[name=body]")).to_have_value(WORDS)
    code = send(page)
    assert send(same) == code
    other.locator("[name=body]").fill(OTHER)
    assert send(other) != code
