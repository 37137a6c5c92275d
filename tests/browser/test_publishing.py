"""Personal data is highlighted before publication."""

import os
from pathlib import Path

import pytest
from browser import desk, feedback
from browser.conftest import Open
from browser.people import DESKTOP, Screen
from browser.samples import send_report, who
from playwright.sync_api import Page, expect
from portal import Portal

pytestmark = pytest.mark.browser
NUMBER = "۰۹۱۲ ۳۴۵ ۶۷۸۹"
WORDS = f"در هشت ایستگاه نیمکت نصب شد. برای پیگیری با شمارهٔ {NUMBER} تماس بگیرید.\nروبه‌روی پلاک ۱۲ هم سایه‌بان گذاشته شد."
SELECTED = "field => field.value.slice(field.selectionStart, field.selectionEnd)"


@pytest.fixture(scope="session")
def message(portal: Portal) -> str:
    """Return the code of an answered message that may be published."""
    with portal.site.work(write=False) as work:
        citizen, officer = who(work, "citizen"), who(work, "public_relations")
    return feedback.facts(portal, citizen, officer)["message"]


@pytest.fixture(scope="session")
def report(portal: Portal) -> str:
    """Return the code of a report whose words hold a number."""
    with portal.site.work(write=False) as work:
        citizen = who(work, "neighbour")
    return send_report(portal, citizen, f"چالهٔ عمیقی وسط خیابان است؛ شمارهٔ من {NUMBER} است.")


def keep_picture(page: Page, name: str) -> None:
    """Keep a picture of the page in the folder that ``CIVICPORTAL_PICTURES`` names, if it names one."""
    folder = os.environ.get("CIVICPORTAL_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_was_found_is_marked_in_the_text(
    open_page: Open, screen: Screen, theme: str, message: str
) -> None:
    page = open_page("public_relations", screen, color_scheme=theme)
    page.goto(f"/desk/feedback/{message}/publish")
    page.locator("[name=done]").fill(WORDS)
    page.locator("form:has([name=done]) .btn-primary").click()
    expect(page.locator(".err-summary")).to_be_focused()
    found = page.locator("#done-found")
    expect(found.locator("mark")).to_have_text([NUMBER, "پلاک ۱۲"])
    found.locator("button").first.click()
    field = page.locator("[name=done]")
    expect(field).to_be_focused()
    assert field.evaluate(SELECTED) == NUMBER
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    keep_picture(page, f"feedback-{screen.name}-{theme}")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_report_gets_other_words(open_page: Open, screen: Screen, theme: str, report: str) -> None:
    page = open_page("handler", screen, color_scheme=theme)
    page.goto(f"/kartable/cases/{report}")
    page.locator("form[action$='/publish'] button").click()
    form = page.locator("form:has([name=words])")
    expect(form.locator("mark")).to_have_text(NUMBER)
    assert NUMBER not in form.locator("[name=words]").input_value()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    keep_picture(page, f"report-{screen.name}-{theme}")


def test_without_a_script_nothing_is_missing(open_page: Open, message: str) -> None:
    page = open_page("public_relations", DESKTOP, java_script_enabled=False)
    page.goto(f"/desk/feedback/{message}/publish")
    page.locator("[name=done]").fill(WORDS)
    page.locator("form:has([name=done]) .btn-primary").click()
    expect(page.locator("#done-found mark")).to_have_text([NUMBER, "پلاک ۱۲"])
    expect(page.locator("#done-found button").first).to_be_hidden()
    page.locator("[name=done]").fill("در هشت ایستگاه نیمکت نصب شد.")
    page.locator("form:has([name=done]) .btn-primary").click()
    expect(page.locator(desk.TOAST).first).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_citizen_is_asked_once(open_page: Open, screen: Screen, theme: str) -> None:
    page = open_page("citizen", screen, color_scheme=theme)
    page.goto("/feedback/new")
    page.locator("label", has=page.locator("[name=type][value=suggestion]")).click()
    page.locator("[name=body]").fill(
        f"پیشنهاد می‌کنم نیمکت بگذارید؛ {theme} {screen.name} با {NUMBER} تماس بگیرید."
    )
    page.locator("[name=consent]").check()
    page.locator("main form button.btn-primary").click()
    expect(page.locator("#body-found mark")).to_have_text(NUMBER)
    keep_picture(page, f"citizen-{screen.name}-{theme}")
    page.locator("main form button.btn-primary").click()
    expect(page.locator("[data-draft-done=feedback]")).to_be_visible()
