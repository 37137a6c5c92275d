"""Telephone calls: the number brings its person, and a call about an open report is added to it."""

import pytest
from browser.conftest import Open
from browser.people import CITIZENS, DESKTOP, Screen, persian
from browser.wizard import CATEGORY, WORDS
from civicportal_reports.models import Report
from playwright.sync_api import Page, expect
from portal import Portal
from sqlalchemy import select

from civicportal.domain.cases.models import Case, CaseEvent

pytestmark = pytest.mark.browser
REGION = "[data-caller]"


def lookups(page: Page) -> list[str]:
    """Return the look-ups that the page sends from now on."""
    sent: list[str] = []
    page.on(
        "request", lambda request: sent.append(request.url) if "/desk/call/person" in request.url else None
    )
    return sent


def test_a_ringing_telephone_opens_the_page(open_page: Open, screen: Screen, code: str) -> None:
    page = open_page("administrator", screen)
    page.goto(f"/desk/call#number={CITIZENS['neighbour']}")
    expect(page.locator(REGION).locator(f"a[href='/kartable/cases/{code}']").first).to_be_visible()
    assert page.url.endswith("/desk/call")
    expect(page.locator("[name=kind]").first).to_be_focused()
    page.evaluate("location.hash = '#number=%2B989000000099'")
    expect(page.locator(REGION)).to_contain_text("هنوز پرونده‌ای ثبت نشده")
    assert page.url.endswith("/desk/call")


def test_the_number_is_looked_up_once_it_is_whole(open_page: Open, code: str) -> None:
    page = open_page("administrator")
    page.goto("/desk/reports/new")
    sent = lookups(page)
    field = page.locator("[name=mobile]")
    field.focus()
    page.keyboard.type(persian(CITIZENS["neighbour"]), delay=5)
    expect(page.locator(REGION).locator(f"a[href='/kartable/cases/{code}']").first).to_be_visible()
    assert len(sent) == 1
    assert CITIZENS["neighbour"] not in sent[0]
    page.keyboard.press("Backspace")
    expect(page.locator(REGION)).to_be_empty()


def test_without_a_script_buttons_do_it(open_page: Open, code: str) -> None:
    page = open_page("administrator", DESKTOP, java_script_enabled=False)
    page.goto("/desk/reports/new")
    page.locator("[name=body]").fill(WORDS)
    page.locator("[name=mobile]").fill(CITIZENS["neighbour"])
    page.locator("[name=look]").click()
    expect(page.locator(REGION).locator(f"a[href='/kartable/cases/{code}']").first).to_be_visible()
    expect(page.locator("[name=body]")).to_have_value(WORDS)


def test_a_call_about_an_open_report_is_added_to_it(portal: Portal, open_page: Open, code: str) -> None:
    with portal.site.work() as work:
        case = work.session.scalars(select(Case).where(Case.code == code)).one()
        report, case_id = work.session.get_one(Report, case.id), case.id
    page = open_page("administrator")
    page.goto("/desk/reports/new")
    page.locator("[name=mobile]").fill(CITIZENS["citizen"])
    page.locator("label.choice", has_text=CATEGORY).click()
    page.evaluate(
        """([lat, lon]) => {
            document.getElementById('picker-lat').value = lat;
            const field = document.getElementById('picker-lon');
            field.value = lon;
            field.dispatchEvent(new Event('change', { bubbles: true }));
        }""",
        [report.lat, report.lon],
    )
    page.locator("[name=body]").fill(WORDS)
    page.locator(f"#near-{case_id} [name=add_to]").click()
    page.wait_for_url(f"**/kartable/cases/{code}")
    expect(page.locator("[data-toast]").first).to_contain_text("به پروندهٔ موجود افزوده شد")
    expect(page.locator(".tl").first).to_contain_text(WORDS)
    with portal.site.work() as work:
        query = select(CaseEvent.type).where(CaseEvent.case_id == case_id, CaseEvent.type == "called")
        assert len(work.session.scalars(query).all()) == 1


def test_of_a_case_of_another_unit_no_word_is_shown(open_page: Open, code: str) -> None:
    page = open_page("public_relations")
    page.goto("/desk/call")
    page.locator("[name=number]").fill(CITIZENS["neighbour"])
    expect(page.locator(REGION)).to_contain_text("در واحد دیگری در حال رسیدگی است")
    expect(page.locator(f"a[href='/kartable/cases/{code}']")).to_have_count(0)


def test_ctrl_enter_takes_no_suggestion_that_was_not_chosen(open_page: Open) -> None:
    page = open_page("public_relations")
    page.goto("/desk/reports/new")
    page.locator("#category-search").fill("چال")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".err-summary")).to_be_visible()
    expect(page.locator("[name=category]:checked")).to_have_count(0)
