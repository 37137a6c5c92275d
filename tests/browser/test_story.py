"""A report from submission to rating, with all notifications."""

from pathlib import Path

import pytest
from browser import desk, wizard
from browser.conftest import Open
from browser.people import CITIZENS, PHONE, messages, wait_for_message
from playwright.sync_api import expect
from portal import Portal
from senders import wait_until
from sqlalchemy import select

from civicportal.domain.cases.models import Case
from civicportal.domain.notifications.models import OutboxMessage

pytestmark = pytest.mark.browser
LEDGER = [
    "reports.registered",
    "reports.in_review",
    "reports.referred",
    "reports.in_action",
    "reports.reviewed",
]
NEXT_UNIT = "معاونت خدمات شهری"


def test_story_from_pothole_to_rating(portal: Portal, open_page: Open, tmp_path: Path) -> None:
    citizen = open_page("citizen", PHONE)
    wizard.fill_in(citizen, PHONE)
    code = wizard.send(citizen)

    roads = open_page("handler")
    desk.open_case(roads, code)
    desk.take_step(roads, "start_review")
    desk.comment(roads, "کارشناس بازدید کرد؛ زیرسازی شسته شده است.", public=True)
    desk.refer(roads, NEXT_UNIT, "جوی کنار چاله گرفته است؛ لطفاً لای‌روبی و ترمیم شود.")

    services = open_page("services")
    services.goto("/kartable?view=new&sort=newest")
    services.locator(f"a[href='/kartable/cases/{code}']").click()
    services.locator("form[action$='/take'] button").click()
    expect(services.locator("form[action$='/release']")).to_be_visible()
    desk.take_step(services, "start_action")
    desk.comment(services, "اکیپ دوم فردا می‌رسد.")
    seen = messages(services, CITIZENS["citizen"])
    told = desk.preview(services, "close")
    desk.take_step(services, "close", desk.ANSWER, wizard.photo(tmp_path, "after.jpg"))
    expect(services.locator(".page-h .pill").first).to_have_text("بررسی‌شده")

    portal.release_notices()
    assert wait_for_message(citizen, CITIZENS["citizen"], told[:20], seen=seen) == told
    citizen.goto(f"/my/{code}")
    expect(citizen.locator("main")).to_contain_text(desk.ANSWER)
    expect(citizen.locator("main")).to_contain_text("زیرسازی شسته شده است")
    expect(citizen.locator("main")).not_to_contain_text("اکیپ دوم")
    expect(citizen.locator(".bubble a[href^='/attachments/']")).not_to_have_count(0)
    citizen.locator("#rating label", has=citizen.locator("[value='5']")).click()
    citizen.locator("#rating button.btn-primary").click()
    expect(citizen.locator("#rating .notice.good")).to_be_visible()
    wait_until(lambda: _ledger(portal, code) == LEDGER)


def _ledger(portal: Portal, code: str) -> list[str]:
    """Return the messages of a case to its citizen in the order in which they were sent."""
    with portal.site.work(write=False) as work:
        query = (
            select(OutboxMessage.kind)
            .join(Case, Case.id == OutboxMessage.case_id)
            .where(Case.code == code, OutboxMessage.user_id == Case.citizen_id, OutboxMessage.state == "sent")
            .order_by(OutboxMessage.sent_at, OutboxMessage.id)
        )
        return [kind for kind in work.session.scalars(query) if kind != "reports.answered"]
