"""The case as a conversation: a question stands open on top, with and without a script."""

import pytest
from browser.conftest import Open
from browser.people import Screen
from browser.samples import send_report, who
from playwright.sync_api import expect
from portal import Portal

from civicportal.api.cases import CaseService

pytestmark = pytest.mark.browser


@pytest.fixture
def asked(portal: Portal) -> str:
    """Return the code of a report with an open question."""
    with portal.site.work() as work:
        citizen, officer = who(work, "citizen"), who(work, "handler")
    code = send_report(portal, citizen)
    with portal.site.work(actor=officer) as work:
        cases = work.get(CaseService)
        cases.apply(cases.fetch(code), "ask_citizen", public_text="کدام سوی خیابان؟")
    return code


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_question_is_answered_from_the_top_of_the_page(
    open_page: Open, screen: Screen, asked: str, script: bool
) -> None:
    page = open_page("citizen", screen, java_script_enabled=script)
    page.goto("/")
    page.locator(f"a[href='/my/{asked}#question']").click()
    page.wait_for_url(f"**/my/{asked}#question")
    box = page.locator("#question textarea[name=public_text]")
    expect(box).to_be_visible()
    box.focus()
    page.keyboard.type("روبه‌روی مدرسه")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/my/{asked}")
    expect(page.locator("#question")).to_have_count(0)
    expect(page.locator("ol.tl .bubble").first).to_contain_text("پاسخ شما")


def test_a_report_is_withdrawn_after_a_confirmation(open_page: Open, screen: Screen, asked: str) -> None:
    page = open_page("citizen", screen)
    page.goto(f"/my/{asked}")
    page.locator(f"a[href='/my/{asked}/withdraw']").click()
    page.locator("form[action$='/withdraw'] button").click()
    page.wait_for_url(f"**/my/{asked}")
    expect(page.locator("#note")).to_have_count(0)
