"""Referral to a unit in which no one works on the case: confirmation before, and return from the list afterwards."""

from collections.abc import Iterator

import pytest
from browser import desk
from browser.conftest import Open
from browser.people import PHONE, Screen
from browser.test_pages import OVERFLOW, barriers
from playwright.sync_api import Page, expect
from portal import Portal

from civicportal.domain.organization.models import Unit
from civicportal.testing import make_unit

pytestmark = pytest.mark.browser
NAME = "ستاد بدون عضو"


@pytest.fixture
def empty(portal: Portal) -> Iterator[str]:
    """Create a unit without members for one test; return its id."""
    with portal.site.work() as work:
        number = make_unit(work, "empty", name=NAME).id
    yield str(number)
    with portal.site.work() as work:
        unit = work.session.get_one(Unit, number)
        unit.active, unit.key = False, f"was-{number}"


def looks_right(page: Page) -> None:
    assert barriers(page) == []
    assert page.evaluate(OVERFLOW) == 0


def test_it_is_asked_before_and_the_list_brings_it_back(
    open_page: Open, portal: Portal, empty: str, code: str, screen: Screen
) -> None:
    page = open_page("handler", screen)
    desk.open_case(page, code)
    panel = desk.open_tab(page, "refer")
    panel.locator("[name=unit]").select_option(empty)
    expect(panel.locator("[data-attends=none]")).to_be_visible()
    panel.locator("[name=note]").fill("برای بررسی در ستاد")
    panel.locator("[name=then][value=stay]").click()
    ask = page.locator("#panel-of-refer")
    expect(ask.get_by_role("alert")).to_contain_text(f"در «{NAME}» کسی نیست")
    expect(ask.locator("[name=note]")).to_have_value("برای بررسی در ستاد")
    looks_right(page)
    ask.get_by_label("با این حال ارجاع شود").check()
    ask.locator("[name=then][value=stay]").click()
    expect(page.locator(desk.TOAST).first).to_be_visible()

    chief = open_page("administrator", screen)
    # The desk's number is at most a minute old, and that of the list when another officer has just opened it.
    chief.goto("/kartable/unattended")
    expect(chief.locator(f"[value='{code}']")).to_have_count(1)
    chief.goto("/desk")
    grid, notice = chief.locator("main .row").first, chief.locator("section:has(> .notice)").first
    assert notice.evaluate("it => it.clientWidth") > 0.95 * grid.evaluate("it => it.clientWidth")
    chief.get_by_role("link", name="مشاهده و ارجاع").click()
    row = chief.locator("[data-row]", has=chief.locator(f"[value='{code}']"))
    expect(row).to_contain_text(f"در «{NAME}» کسی مسئول")
    looks_right(chief)
    row.locator("input[type=checkbox]").check()
    chief.locator("[data-bulk-bar] [value=refer]").click()
    form = chief.locator("form[data-people]")
    form.locator("[name=unit]").select_option(empty)
    expect(form.locator("[data-attends=none]")).to_be_visible()
    looks_right(chief)
    form.locator("[name=unit]").select_option(label="معاونت فنی و عمرانی")
    form.locator("button.btn-primary").click()
    expect(chief.get_by_role("heading", level=1)).to_be_visible()
    chief.goto("/kartable/unattended")
    expect(chief.locator(f"[value='{code}']")).to_have_count(0)


def test_without_a_script_the_menu_stands_below_the_page(open_page: Open) -> None:
    page = open_page("administrator", PHONE, java_script_enabled=False)
    page.goto("/desk")
    page.get_by_role("link", name="باز کردن فهرست").click()
    page.get_by_role("link", name="پرونده‌های بدون متولی").click()
    page.wait_for_url("**/kartable/unattended")


def test_without_a_script_the_same_is_asked(open_page: Open, empty: str, code: str) -> None:
    page = open_page("handler", java_script_enabled=False)
    page.goto(f"/kartable/cases/{code}")
    panel = page.locator("#panel-of-refer")
    panel.locator("[name=unit]").select_option(empty)
    panel.locator("[name=then][value=stay]").click()
    ask = page.locator("#panel-of-refer")
    expect(ask.get_by_role("alert")).to_contain_text(NAME)
    ask.locator("[name=anyway]").check()
    ask.locator("[name=then][value=stay]").click()
    expect(page.locator("#panel-of-refer")).to_have_count(0)


def test_the_head_who_would_get_it_is_named(open_page: Open, code: str) -> None:
    """A hole in the road is no topic of the officers of the traffic unit."""
    page = open_page("handler")
    desk.open_case(page, code)
    panel = desk.open_tab(page, "refer")
    panel.locator("[name=unit]").select_option(label="معاونت حمل‌ونقل و ترافیک")
    expect(panel.locator("[data-attends=head]")).to_be_visible()
    panel.locator("[name=then][value=stay]").click()
    expect(page.locator("#panel-of-refer").get_by_role("alert")).to_contain_text("نگار راد")


def test_an_inquiry_without_a_reader_needs_confirmation(
    open_page: Open, empty: str, code: str, screen: Screen
) -> None:
    page = open_page("handler", screen)
    desk.open_case(page, code)
    panel = desk.open_tab(page, "refer")
    panel.locator("[name=unit]").select_option(empty)
    panel.locator("[name=note]").fill("این تیر برق از آن کیست؟")
    panel.locator("[formaction$='/inquire']").click()
    ask = page.locator("#panel-of-refer")
    expect(ask.get_by_role("alert")).to_contain_text("استعلام ممکن است بی‌پاسخ بماند")
    looks_right(page)
    ask.get_by_label("با این حال فرستاده شود").check()
    ask.locator("[formaction$='/inquire']").click()
    expect(page.locator(desk.TOAST).first).to_be_visible()
