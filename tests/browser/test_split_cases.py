"""A case split into jobs, done by two units, and closed by the portal."""

from pathlib import Path

import pytest
from browser import desk, wizard
from browser.conftest import Open
from browser.people import CITIZENS, DESKTOP, PHONE, Screen, messages, wait_for_message
from browser.samples import send_report, who
from playwright.sync_api import Page, expect
from portal import Portal

from civicportal.domain.organization.services import OrganizationService

pytestmark = pytest.mark.browser
NARROW = Screen("narrow", 320, 700, touch=True)
ANSWER = "چاله ترمیم و جوی کنار آن لای‌روبی شد."


def choose(page: Page, number: int, unit: str) -> None:
    """Choose a unit by its words."""
    field = page.locator(f"#unit_{number}-find")
    field.fill(unit)
    field.press("Enter")
    expect(page.locator(f"[name=unit_{number}] option:checked")).to_have_text(unit)


def finish(page: Page, words: str, photo: Path | None = None) -> None:
    """Report the job of the open case as done."""
    form = page.locator("form[action$='/finish-job']")
    if not form.is_visible():
        # It is folded for the holder of the case itself.
        page.locator("details", has=form).locator("summary").click()
    form.locator("[name=result]").fill(words)
    if photo:
        form.locator("[data-photo-input]").set_input_files(photo)
        expect(form.locator("[data-photo] input[name=photos]")).to_be_attached()
    form.locator("[data-default]").click()


def test_two_units_do_their_jobs_and_the_case_closes(portal: Portal, open_page: Open, tmp_path: Path) -> None:
    with portal.site.work() as work:
        sender = who(work, "citizen")
        unit = work.get(OrganizationService).unit
        roads, services_unit = unit("civil").name, unit("services").name
    code = send_report(portal, sender)
    handler = open_page("handler", DESKTOP)
    desk.open_case(handler, code)
    desk.open_tab(handler, "refer").locator("a[href$='/split']").click()
    handler.wait_for_url("**/split")
    choose(handler, 1, roads)
    handler.locator("[name=task_1]").fill("ترمیم آسفالت")
    choose(handler, 2, services_unit)
    handler.locator("[name=task_2]").fill("لای‌روبی جوی")
    handler.locator("[name=public_text]").fill(ANSWER)
    handler.locator("main form .btn-primary").click()
    expect(handler.locator("[data-job=new]")).to_have_count(2)
    expect(handler.locator(".page-h .tag", has_text="منتظر واحد دیگر")).to_be_visible()

    services = open_page("services", PHONE)
    services.goto("/kartable?sort=newest")
    row = services.locator("[data-row]", has_text="لای‌روبی جوی").first
    expect(row).to_contain_text("کار")
    row.locator("a.subj").click()
    services.locator("form[action$='/take-job'] button").click()
    expect(services.locator("form[action$='/release-job']")).to_be_visible()
    services.set_viewport_size({"width": NARROW.width, "height": NARROW.height})
    assert services.evaluate("document.documentElement.scrollWidth") <= NARROW.width
    seen = messages(services, CITIZENS["citizen"])
    finish(services, "جوی لای‌روبی شد.", wizard.photo(tmp_path, "after.jpg"))
    services.wait_for_url("**/kartable")
    answer = services.goto(f"/kartable/cases/{code}")
    assert answer
    assert answer.status == 404

    desk.open_case(handler, code)
    expect(handler.locator("[data-job=done]")).to_contain_text("جوی لای‌روبی شد.")
    finish(handler, "آسفالت شد.")
    expect(handler.locator(".page-h .pill").first).to_have_text("بررسی‌شده")
    portal.release_notices()
    wait_for_message(handler, CITIZENS["citizen"], "بررسی", seen=seen)
    citizen = open_page("citizen", PHONE)
    citizen.goto(f"/my/{code}")
    expect(citizen.locator("main")).to_contain_text(ANSWER)
    expect(citizen.locator("main")).not_to_contain_text("جوی لای‌روبی شد.")
    expect(citizen.locator(".bubble a[href^='/attachments/']")).not_to_have_count(0)
