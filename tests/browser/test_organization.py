"""An administrator arranges the municipality: what citizens choose from, where it goes, by when."""

from datetime import timedelta

import pytest
from browser import wizard
from browser.conftest import Open
from browser.people import DESKTOP, PHONE, persian
from browser.samples import send_report, who
from playwright.sync_api import Page, expect
from portal import Portal
from sqlalchemy import select

from civicportal.core.security import Identity
from civicportal.domain.cases.models import Case
from civicportal.domain.organization.services import OrganizationService

pytestmark = pytest.mark.browser
CATEGORY = "پله‌برقی ازکارافتاده"
UNIT = "معاونت شهرسازی و معماری"
SAVE = "main form[method=post] button.btn-primary"
TOAST = "[data-toasts] [data-toast]"


def read(portal: Portal, code: str) -> Case:
    with portal.site.work(write=False) as work:
        return work.session.scalars(select(Case).where(Case.code == code)).one()


def unit_of(portal: Portal, code: str) -> str:
    with portal.site.work(write=False) as work:
        return work.get(OrganizationService).unit_name(read(portal, code).unit_id)


def root_address(page: Page) -> str:
    page.goto("/admin/categories?kind=reports")
    row = page.locator("tbody tr", has=page.get_by_role("link", name=wizard.ROOT, exact=True))
    address = row.locator("a[href*='parent=']").get_attribute("href")
    assert address
    return address


def test_a_new_category_is_offered_at_once_and_goes_to_its_unit(portal: Portal, open_page: Open) -> None:
    admin = open_page("administrator", DESKTOP)
    admin.goto(root_address(admin))
    admin.locator("[name=name]").fill(CATEGORY)
    admin.locator("[name=short_name]").fill("پله‌برقی")
    admin.locator("[name=unit]").select_option(label=UNIT)
    admin.locator("[name=deadline_days]").fill(persian("3"))
    admin.locator(SAVE).click()
    expect(admin.locator(TOAST)).to_be_visible()

    citizen = open_page("citizen", PHONE)
    citizen.goto("/reports/new")
    citizen.locator("label.choice", has_text=wizard.ROOT).first.click()
    citizen.locator("label.choice", has_text=CATEGORY).click()
    wizard.proceed(citizen, 2)
    wizard.choose_place(citizen, PHONE)
    wizard.pass_place(citizen)
    citizen.locator("[name=body]").fill(wizard.WORDS)
    wizard.proceed(citizen, 5)
    code = wizard.send(citizen)
    assert unit_of(portal, code) == UNIT


def test_rules_in_another_order_are_tried_before_they_matter(portal: Portal, open_page: Open) -> None:
    admin = open_page("administrator", DESKTOP)
    code = send_report(portal, _citizen(portal))
    admin.goto("/admin/routing/new")
    admin.locator("[name=title]").fill("همهٔ پیام‌ها به دفتر شهردار")
    admin.locator("[name=kind]").select_option("reports")
    admin.locator("[name=unit]").select_option(label="دفتر شهردار")
    admin.locator("[name=active]").uncheck()
    admin.locator(SAVE).click()
    expect(admin.locator(TOAST)).to_be_visible()
    admin.goto("/admin/routing/dry-run")
    expect(admin.locator(f"a[href='/kartable/cases/{code}']")).to_have_count(0)
    admin.locator("[name=off]").check()
    admin.locator("main form button.btn-primary").click()
    expect(admin.locator(f"a[href='/kartable/cases/{code}']")).to_be_visible()
    assert unit_of(portal, code) != "دفتر شهردار"
    admin.goto("/admin/routing")
    last = admin.locator("tbody tr").last
    above = admin.locator("tbody tr .subj").nth(-2).inner_text().split(". ", 1)[1]
    last.locator("button[value=up]").click()
    expect(admin.locator("tbody tr .subj").last).to_contain_text(above)


def test_a_holiday_moves_a_deadline_when_asked(portal: Portal, open_page: Open) -> None:
    code = send_report(portal, _citizen(portal))
    before = read(portal, code).deadline
    with portal.site.work(write=False) as work:
        calendar = work.get(OrganizationService).calendar
        day = calendar.today(work.clock.now()) + timedelta(days=1)
        while not calendar.is_working_day(day):
            day += timedelta(days=1)
    admin = open_page("administrator", PHONE)
    admin.goto("/admin/calendar")
    admin.locator("#holiday-day").fill(calendar.format_date(day, "short"))
    admin.locator("#holiday-title").fill("روز شهر")
    admin.locator("form[action$='/calendar/holidays'] button:not([type=button])").click()
    expect(admin.locator("#moved-h")).to_be_visible()
    assert read(portal, code).deadline == before
    admin.locator("form[action$='/calendar/deadlines'] button").click()
    expect(admin.locator("#moved-h")).to_have_count(0)
    assert read(portal, code).deadline > before


@pytest.mark.parametrize("scripts", [True, False])
def test_a_row_that_was_moved_or_switched_stays_in_view(open_page: Open, scripts: bool) -> None:
    admin = open_page("administrator", PHONE, java_script_enabled=scripts)
    admin.emulate_media(reduced_motion="no-preference")
    admin.goto("/admin/categories?kind=reports")
    names = admin.locator("tbody .subj")
    before = names.all_inner_texts()
    admin.locator("tbody tr").last.locator("button[value=up]").click()
    moved = admin.locator("tr:target")
    expect(moved).to_be_in_viewport()
    expect(admin.locator("html")).to_have_css("scroll-behavior", "auto")
    expect(moved.locator(".subj")).to_have_text(before[-1])
    expect(names).not_to_have_text(before)
    # The next key continues in the row.
    admin.keyboard.press("Tab")
    expect(moved.locator(".subj")).to_be_focused()
    for is_active in ("false", "true"):
        moved.locator("form[action*='/switch'] button").click()
        expect(moved.locator("[name=active]")).not_to_have_value(is_active)
        expect(moved).to_be_in_viewport()
    moved.locator("button[value=down]").click()
    expect(names).to_have_text(before)
    expect(moved).to_be_in_viewport()


def test_two_administrators_and_a_page_without_a_script(open_page: Open) -> None:
    first = open_page("administrator", DESKTOP, java_script_enabled=False)
    second = open_page("administrator", DESKTOP, java_script_enabled=False)
    for page in (first, second):
        page.goto("/admin/units/4")
    first.locator("[name=phone]").fill("1500")
    first.locator(SAVE).first.click()
    second.locator("[name=short_name]").fill("پسماند شهر")
    second.locator(SAVE).first.click()
    expect(second.locator("#merge")).to_contain_text("1500")
    expect(second.locator("[name=short_name]")).to_have_value("پسماند شهر")
    second.locator(SAVE).first.click()
    second.wait_for_url("**/admin/units")


def _citizen(portal: Portal) -> Identity:
    with portal.site.work() as work:
        return who(work, "neighbour")
