"""Browsers without newer features."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser import wizard
from browser.conftest import Browsers, Open
from browser.people import PHONE
from browser.test_feedback import write
from playwright.sync_api import Browser, expect
from portal import Portal

pytestmark = pytest.mark.browser
#: What a telephone of 2019 lacks, or has no room for.
LACKS = {
    "createImageBitmap": "delete window.createImageBitmap",
    "canvas": "HTMLCanvasElement.prototype.toBlob = done => done(null)",
}


@pytest.mark.parametrize("lacks", LACKS)
def test_a_picture_that_cannot_be_made_small_is_sent_as_it_is(
    open_page: Open, tmp_path: Path, lacks: str
) -> None:
    page = open_page("citizen", PHONE)
    page.add_init_script(LACKS[lacks])
    page.goto("/feedback/new")
    with page.expect_response("**/uploads") as uploaded:
        page.locator("[data-photo-input]").set_input_files(wizard.photo(tmp_path))
    assert uploaded.value.ok
    expect(page.locator("[data-photo] input[type=hidden]")).to_be_attached()
    page.locator("main form button.btn-primary").click()
    # The words are missing, says the server: no picture holds the form back.
    expect(page.locator(".is-invalid").first).to_be_visible()


def test_a_code_is_copied_over_plain_http(open_page: Open) -> None:
    page = open_page("citizen", PHONE)
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    code = write(page)
    page.locator(".codes [data-copy]").first.click()
    expect(page.locator(".toast-x")).to_be_visible()
    expect(page.locator(".codes [data-copy]").first).to_be_focused()
    page.goto("/track")
    page.locator("[name=code]").focus()
    page.keyboard.press("ControlOrMeta+V")
    expect(page.locator("[name=code]")).to_have_value(code)


def test_a_browser_too_old_for_the_modules_gets_the_pages_without_scripts(
    portal: Portal, chromium: Browser, sessions: Callable[[str], Any]
) -> None:
    browsers = Browsers(chromium, portal.address, sessions)
    page = browsers.open("citizen", PHONE)
    page.add_init_script("delete Element.prototype.replaceChildren")
    page.goto("/reports/new")
    page.wait_for_load_state("networkidle")
    complaints = browsers.complaints
    # One long form, with all that it asks for; no map, no steps to go through, and no review of what stands above it.
    shown = [page.locator(f"[data-step='{step}'] h1").is_visible() for step in (1, 2, 4)]
    hidden = [page.locator(name).is_visible() for name in (".steps", "[data-picker]", "[data-prev]")]
    browsers.end()
    assert (shown, hidden) == ([True] * 3, [False] * 3)
    # Each module that imports page.js says so.
    assert any("too old" in text for _address, text in complaints)
