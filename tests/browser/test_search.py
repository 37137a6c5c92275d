"""Search of a desk by keyboard, with highlighting and suggestions."""

import pytest
from browser import desk
from browser.conftest import Open
from browser.people import Screen
from browser.samples import send_report, who
from playwright.sync_api import expect
from portal import Portal

pytestmark = pytest.mark.browser


@pytest.fixture
def code(portal: Portal) -> str:
    """Return the code of a report with words that no other has."""
    with portal.site.work() as work:
        neighbour = who(work, "neighbour")
    return send_report(portal, neighbour, "سنگ‌فرش‌هاي كنار زورخانه لق شده‌اند.")


def test_words_are_typed_by_key_and_marked(open_page: Open, code: str) -> None:
    page = open_page("observer")
    page.goto("/desk/reports")
    desk.press(page, "Slash")
    box = page.locator("main [data-hotkey=Slash]")
    expect(box).to_be_focused()
    box.fill("زورخانه سنگفرش")
    page.keyboard.press("Enter")
    page.wait_for_url("**words=**")
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row.locator(f"a[href='/kartable/cases/{code}']")).to_be_visible()
    expect(row.locator("mark")).to_have_text(["سنگ‌فرش‌هاي", "زورخانه"])


def test_a_near_word_is_a_link_away(open_page: Open) -> None:
    """A word of the demo's own cases: a process that serves knows those that were counted when it first searched."""
    page = open_page("observer")
    page.goto("/desk/reports?words=آسفالط")
    page.locator(".empty a", has_text="آسفالت").click()
    expect(page.locator("tbody mark", has_text="آسفالت").first).to_be_visible()
    page.goto("/kartable")
    desk.press(page, "Slash")
    expect(page.locator("#staff-search")).to_be_focused()


def test_what_stands_in_the_box_begins_beside_its_icon(open_page: Open, screen: Screen) -> None:
    page = open_page("observer", screen)
    page.goto("/desk/reports")
    box = page.locator("main [data-hotkey=Slash]")
    # An empty field and one with nothing but digits have no direction of their own.
    for typed in ("", "8815159132"):
        box.fill(typed)
        expect(box).to_have_css("direction", "rtl")
