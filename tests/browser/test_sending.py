"""Submitting a form: a hanging request is stopped, an unanswered one repeated, a download leaves the page as it is."""

from pathlib import Path

import pytest
from browser import wizard
from browser.conftest import Open
from browser.people import CITIZENS, DESKTOP, PHONE, VISITOR, Screen, sign_in_citizen
from browser.test_feedback import WORDS, choose
from browser.test_pages import OVERFLOW, barriers
from playwright.sync_api import Locator, Page, Route, expect

pytestmark = pytest.mark.browser
SEND = "main form button.btn-primary"
A_WHILE = 21
"""Seconds after which a form counts as not answered."""
LONG = 61_000
"""Milliseconds after which a picture does."""


def never(_route: Route) -> None:
    """Answer nothing."""


def stopped(route: Route) -> None:
    """End it as the browser's Stop does: the page stays."""
    route.abort("aborted")


def write(page: Page) -> None:
    page.goto("/feedback/new")
    choose(page, "type", "suggestion")
    page.locator("[name=body]").fill(WORDS)


def hang(page: Page, folder: Path) -> None:
    """Choose a picture that does not arrive."""
    page.route("**/uploads", never)
    with page.expect_request("**/uploads"):
        page.locator("[data-photo-input]").set_input_files(wizard.photo(folder))
    expect(page.locator("[data-photo] progress")).to_be_visible()


def test_a_form_that_was_stopped_can_be_sent_again(open_page: Open) -> None:
    page = open_page("citizen", DESKTOP, service_workers="block")
    page.clock.install()
    write(page)
    page.route("**/feedback/new", stopped)
    with page.expect_event("requestfailed"):
        page.locator(SEND).click()
    expect(page.locator(SEND)).to_have_attribute("aria-busy", "true")
    # The time stands still then, for the words go after some seconds.
    page.clock.pause_at(page.evaluate("Date.now() / 1000") + A_WHILE)
    expect(page.locator("[data-toasts] .toast-x")).to_have_text(
        "هنوز پاسخی نیامده است. می‌توانید دوباره بفرستید."
    )
    page.clock.resume()
    page.unroute("**/feedback/new")
    page.locator(SEND).click()
    expect(page.locator("[data-draft-done=feedback]")).to_be_visible()


def test_a_picture_that_hangs_can_be_taken_away(open_page: Open, tmp_path: Path) -> None:
    page = open_page("citizen", PHONE)
    write(page)
    hang(page, tmp_path)
    page.locator(SEND).click()
    expect(page.locator("[data-photo-status]")).not_to_be_empty()
    page.locator("[data-photo-remove]").click()
    expect(page.locator("[data-photo-status]")).to_be_empty()
    page.locator(SEND).click()
    expect(page.locator("[data-draft-done=feedback]")).to_be_visible()


def lose(page: Page, folder: Path) -> Locator:
    """Choose a picture that does not arrive, and wait in vain; return the button that sends it again."""
    hang(page, folder)
    page.clock.run_for(LONG)
    expect(page.locator("[data-photo-status].err")).to_contain_text("«دوباره»")
    return page.locator("[data-photo-again]")


def lose_in_a_report(page: Page, screen: Screen, folder: Path) -> Locator:
    """Fill in a report whose picture does not arrive, up to its last step; return the button that repeats it."""
    page.clock.install()
    page.goto("/reports/new")
    wizard.choose_category(page)
    wizard.proceed(page, 2)
    wizard.choose_place(page, screen)
    wizard.pass_place(page)
    again = lose(page, folder)
    page.locator("[name=body]").fill(wizard.WORDS)
    wizard.proceed(page, 5)
    return again


def test_a_picture_that_stands_still_holds_nothing_up(open_page: Open, tmp_path: Path) -> None:
    # Without a worker there is no queue, in which the form would wait for the picture.
    page = open_page("citizen", PHONE, service_workers="block")
    page.clock.install()
    write(page)
    lose(page, tmp_path)
    page.locator(SEND).click()
    expect(page.locator("[data-toasts] .toast-x")).to_contain_text("بدون آن")
    page.locator(SEND).click()
    expect(page.locator("[data-draft-done=feedback]")).to_be_visible()


def test_a_picture_that_was_lost_is_sent_again_by_the_keyboard(
    open_page: Open, screen: Screen, tmp_path: Path
) -> None:
    page = open_page("citizen", screen, service_workers="block")
    page.clock.install()
    write(page)
    again = lose(page, tmp_path)
    expect(again).to_have_accessible_name("فرستادن دوبارهٔ عکس ۱")
    assert barriers(page) == []
    assert page.evaluate(OVERFLOW) == 0
    page.locator("[data-photo-remove]").focus()
    page.keyboard.press("Tab")
    expect(again).to_be_focused()
    with page.expect_request("**/uploads"):
        page.keyboard.press("Enter")
    expect(page.locator("[data-photo-status].err")).to_have_count(0)
    page.clock.run_for(LONG)
    # In vain once more: it stays, and can be sent again as often as one likes.
    expect(page.locator("[data-photo-status].err")).to_be_visible()
    expect(again).to_be_visible()
    page.unroute("**/uploads")
    again.press("Enter")
    expect(page.locator("[data-photo] input[type=hidden]")).to_be_attached()
    expect(page.locator("[data-photo-status]")).to_have_text("عکس فرستاده شد.")
    expect(page.locator("[data-photo-remove]")).to_be_focused()
    expect(again).to_have_count(0)
    page.locator(SEND).click()
    page.wait_for_url("**/feedback/sent/*")


def test_a_lost_picture_is_none_of_those_that_are_about_to_be_sent(open_page: Open, tmp_path: Path) -> None:
    page = open_page("citizen", DESKTOP, service_workers="block")
    again = lose_in_a_report(page, DESKTOP, tmp_path)
    expect(page.locator("[data-review-photos] img")).to_have_count(0)
    page.go_back()
    page.unroute("**/uploads")
    again.click()
    expect(page.locator("[data-photo] input[type=hidden]")).to_be_attached()
    wizard.proceed(page, 5)
    expect(page.locator("[data-review-photos] img")).to_have_count(1)


def test_a_form_in_steps_is_held_back_once_where_a_picture_was_lost(
    open_page: Open, screen: Screen, tmp_path: Path
) -> None:
    page = open_page("citizen", screen, service_workers="block")
    lose_in_a_report(page, screen, tmp_path)
    page.locator("[data-next]").click()
    expect(page.locator(".toast-x")).to_be_visible()
    assert page.url.endswith("/reports/new#5")
    page.locator("[data-next]").click()
    page.wait_for_url("**/reports/sent/*")


def test_a_list_is_taken_along_once_more(open_page: Open) -> None:
    page = open_page("public_relations")
    page.goto("/desk/reports?stage=open")
    page.get_by_text("خروجی", exact=True).click()
    for _time in range(2):
        with page.expect_download():
            page.get_by_role("button", name="اکسل").click()
    page.get_by_role("link", name="انتخاب ستون‌ها").click()
    for _time in range(2):
        with page.expect_download():
            page.get_by_role("button", name="دریافت فایل").click()


def test_ones_archive_too(open_page: Open) -> None:
    page = open_page(VISITOR)
    # Whose sign-in is older than five minutes is asked to confirm it.
    sign_in_citizen(page, CITIZENS["applicant"])
    page.goto("/account/data")
    for _time in range(2):
        with page.expect_download():
            page.locator(SEND).click()
