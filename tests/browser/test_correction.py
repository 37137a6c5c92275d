"""A case corrected in place, and the line that says for how long that can be undone."""

import re

import pytest
from browser import desk
from browser.conftest import Open
from browser.people import DESKTOP, Screen
from browser.samples import send_report, who
from playwright.sync_api import Page, expect
from portal import Portal

pytestmark = pytest.mark.browser
LINE = ".undo-lines [data-toast]"
#: The boxes of the line and of what it might cover.
APART = """() => {
    const line = document.querySelector('.undo-lines [data-toast]').getBoundingClientRect();
    return [...document.querySelectorAll('.staff button, .staff a, .staff h1')].every(one => {
        const box = one.getBoundingClientRect();
        return !box.width || box.top >= line.bottom || box.bottom <= line.top
            || box.left >= line.right || box.right <= line.left;
    });
}"""


#: Near the point on which the map opens, to which Leaflet would slide.
NEAR_MIDDLE = 0.6


@pytest.fixture
def code(portal: Portal) -> str:
    """Return the code of a new report in the kartable of the roads."""
    with portal.site.work() as work:
        neighbour = who(work, "neighbour")
    return send_report(portal, neighbour, share=NEAR_MIDDLE)


def open_correction(page: Page, code: str) -> None:
    desk.open_case(page, code)
    page.locator(f"a[href='/kartable/cases/{code}/correct']").click()
    expect(page.locator("[name=subject]")).to_be_visible()


def test_a_pin_is_moved_by_the_keyboard(open_page: Open, code: str) -> None:
    page = open_page("handler", DESKTOP)
    open_correction(page, code)
    lat = page.locator("[name=lat]")
    stored = float(lat.get_attribute("value") or "")
    element = page.locator("[data-map=picker]")
    expect(element.locator(".leaflet-control-zoom-in")).to_be_visible()
    before = lat.input_value()
    assert float(before) == stored
    element.focus()
    page.keyboard.press("ArrowUp")
    page.wait_for_function(
        "before => Math.abs(document.querySelector('[name=lat]').value - before) > 0.0001", arg=float(before)
    )
    page.locator("main form .btn-primary").click()
    expect(page.locator(".tl > li").first).to_contain_text("محل نشانگر روی نقشه تغییر کرد")
    desk.press(page, "KeyZ")
    expect(page.locator(LINE)).to_have_count(0)
    open_correction(page, code)
    expect(page.locator("[name=lat]")).to_have_value(before)


def test_the_undo_line_names_its_case_covers_nothing_and_ends(
    open_page: Open, screen: Screen, code: str
) -> None:
    page = open_page("handler", screen)
    page.clock.install()
    open_correction(page, code)
    page.locator("[name=subject]").fill("چالهٔ روبه‌روی مدرسه")
    page.locator("main form .btn-primary").click()
    line = page.locator(LINE)
    expect(line).to_contain_text("چالهٔ روبه‌روی مدرسه")
    left = line.locator("span[aria-hidden=true]")
    expect(left).to_contain_text("ثانیه تا پایان")
    assert page.evaluate(APART)
    page.clock.run_for(10_000)
    expect(left).to_contain_text(re.compile("^(۱.|۲۰) ثانیه"))
    # What is spoken has not changed.
    expect(line.locator("[data-undo-words]")).to_contain_text("تا ۳۰ ثانیه")
    line.locator("form button").focus()
    page.clock.run_for(21_000)
    expect(line).to_be_hidden()
    expect(page.locator("main")).to_be_focused()
    expect(page.locator("form[action*='/undo']")).to_have_count(0)


def test_without_a_script_the_pin_moves_to_a_street(open_page: Open, code: str) -> None:
    page = open_page("handler", DESKTOP, java_script_enabled=False)
    open_correction(page, code)
    page.locator("[name=street]").fill("خیابانی که نیست")
    page.locator("main form .btn-primary").click()
    expect(page.locator("#street-error")).to_contain_text("خیابانی با این نام در نقشه نیست")
    page.locator("[name=street]").fill("")
    page.locator("[name=lat]").fill(f"{float(page.locator('[name=lat]').input_value()) + 0.001:.6f}")
    page.locator("[name=subject]").fill("چالهٔ روبه‌روی مدرسه")
    page.locator("main form .btn-primary").click()
    line = page.locator(LINE)
    expect(line).to_contain_text("تا ۳۰ ثانیه می‌توانید آن را برگردانید")
    expect(page.locator(".tl > li").first).to_contain_text("محل نشانگر روی نقشه تغییر کرد")
    line.locator("form button").click()
    expect(page.locator("h1")).not_to_have_text("چالهٔ روبه‌روی مدرسه")
