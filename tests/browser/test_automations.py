"""An administrator writes an automation without script, and it acts on a report of a citizen."""

import pytest
from browser.conftest import Open
from browser.people import DESKTOP, PHONE, Screen
from browser.samples import send_report, who
from playwright.sync_api import expect
from portal import Portal
from senders import wait_until
from sqlalchemy import select

from civicportal.domain.cases.models import Case, CaseEvent

TITLE = "گزارش‌ها زود دیده شوند"


@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=lambda screen: screen.name)
def test_written_tried_and_at_work(portal: Portal, open_page: Open, screen: Screen) -> None:
    title = f"{TITLE} {screen.name}"
    page = open_page("administrator", screen, java_script_enabled=False)
    page.goto("/admin/automations")
    page.get_by_role("link", name="افزودن اقدام خودکار").click()
    form = page.locator("main form")
    form.locator("[name=title]").fill(title)
    form.locator("[name=trigger]").select_option("opened")
    form.get_by_role("button", name="ذخیره").click()
    expect(page.get_by_text("حداقل یک کار را انتخاب کنید.").first).to_be_visible()
    expect(form.locator("[name=title]")).to_have_value(title)
    form.locator("[name=kind]").select_option("reports")
    form.locator("[name=note]").fill("لطفاً همین امروز بررسی شود.")
    form.get_by_role("button", name="آزمودن بر پرونده‌های گذشته").click()
    expect(page.locator("#outcome-h")).to_be_visible()
    expect(page.locator("#outcome a.subj").first).to_be_visible()
    form.get_by_role("button", name="ذخیره").click()
    expect(page.get_by_role("link", name=title)).to_be_visible()

    with portal.site.work() as work:
        citizen = who(work, "citizen")
    code = send_report(portal, citizen)

    def has_note() -> bool:
        query = select(CaseEvent.id).join(Case, Case.id == CaseEvent.case_id)
        with portal.site.work(write=False) as work:
            return bool(work.session.scalar(query.where(Case.code == code, CaseEvent.type == "commented")))

    wait_until(has_note)
    page.goto(f"/kartable/cases/{code}")
    expect(page.get_by_text(f"با اقدام خودکار «{title}»").first).to_be_visible()
    page.goto("/admin/automations")
    row = page.locator("tbody tr", has=page.get_by_role("link", name=title))
    row.get_by_role("button", name="غیرفعال کردن").click()
    expect(page.get_by_text("اقدام خودکار غیرفعال شد.")).to_be_visible()
    row.locator("a[href$='/log']").click()
    expect(page.locator(f"a.subj[href='/kartable/cases/{code}']")).to_be_visible()
