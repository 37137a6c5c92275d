"""Scheduling of meetings at the desk of the mayor's office."""

import re
from datetime import date, timedelta

import pytest
from browser import meetings
from browser.conftest import Open
from browser.people import DESKTOP, Screen, messages, persian, wait_for_message
from civicportal_meetings.services import DiaryService
from playwright.sync_api import Locator, Page, expect
from portal import Portal
from senders import wait_until
from sqlalchemy import select

from civicportal.domain.cases.models import Case
from civicportal.domain.notifications.models import OutboxMessage

pytestmark = pytest.mark.browser
LEDGER = ["meetings.registered", "meetings.scheduled_note", "meetings.rescheduled"]
WAITING = "#requests tbody tr"


def narrow(page: Page, **values: str) -> None:
    """Narrow the requests on the desk."""
    page.goto("/desk/meetings")
    page.locator("#requests .filter-box summary").click()
    form = page.locator("#requests .filter-box form")
    for name, value in values.items():
        form.locator(f"[name={name}]").fill(value)
    form.locator("button.btn-primary").click()
    page.wait_for_url("**/desk/meetings?**#requests")


def pick(page: Page, day: date, clock: str) -> None:
    """Choose a day of the month and a time of that day."""
    button = page.locator(f"button[name=pick][value='{day.isoformat()}']")
    while not button.count():
        title = page.locator("#month-title").inner_text()
        page.locator("button[name=month]").last.click()
        expect(page.locator("#month-title")).not_to_have_text(title)
        page.wait_for_load_state()
    button.click()
    page.locator(f"button[name=pick][value='{day.isoformat()}T{clock}']").click()
    expect(field(page, "at")).to_have_value(persian(clock))


def field(page: Page, name: str) -> Locator:
    """Return a field of the form that sets a time; the one below it has some of the same names."""
    return page.locator(f"#assign form:has([name=day]) [name={name}]")


def save(page: Page) -> None:
    """Save the time."""
    page.locator("#assign form:has([name=day]) button.btn-primary").click()


def free_day(portal: Portal, at_least: int) -> date:
    """Return a free day to come, with the whole morning free."""
    with portal.site.work(write=False) as work:
        diary = work.get(DiaryService)
        first = portal.site.calendar.today(work.clock.now()) + timedelta(days=at_least)
        days = sorted(diary.free_days(first, first + timedelta(days=20), 240))
        return days[0]


def test_office_finds_sets_clashes_and_moves(portal: Portal, open_page: Open) -> None:
    mobile = "09000000781"
    code, other = meetings.ask(portal, mobile), meetings.ask(portal, "09000000782")
    page = open_page("office_manager", DESKTOP)
    seen = messages(page, mobile)
    today = persian(portal.site.calendar.format_date(portal.site.clock.now(), "short"))
    narrow(page, first_day=today, last_day=today)
    row = page.locator(WAITING, has=page.locator(f"a[href='/kartable/cases/{code}']"))
    expect(row).to_be_visible()
    row.locator("a.btn").click()
    expect(page.locator("#assign")).to_contain_text(meetings.REASON)

    day, clock = free_day(portal, 12), "10:00"
    field(page, "note").fill(meetings.NOTE)
    pick(page, day, clock)
    expect(field(page, "note")).to_have_value(meetings.NOTE)
    expect(page.locator("#assign .sms")).to_contain_text(persian(clock))
    field(page, "expert_note").fill("پروندهٔ ملک آماده شود.")
    save(page)
    page.wait_for_url("**/desk/meetings?day=**")
    expect(page.locator(f".week-t .meet[href='/kartable/cases/{code}']")).to_be_visible()
    portal.release_notices()
    told = wait_for_message(page, mobile, persian(clock), seen=seen)
    written = portal.site.calendar.format_date(day, "short")
    for words in (written, meetings.NOTE, code):
        assert words in told

    page.goto(f"/desk/meetings/requests/{other}")
    field(page, "day").fill(written)
    field(page, "at").fill(persian(clock))
    save(page)
    expect(page.locator("#assign .err-summary")).to_contain_text("برنامهٔ دیگری")
    expect(field(page, "day")).to_have_value(written)
    field(page, "day").fill("۱۴۰۴/۰۱/۱۷")
    save(page)
    expect(page.locator("#assign .err-summary")).to_contain_text("گذشته")

    page.goto(f"/desk/meetings/requests/{code}")
    pick(page, day, "11:00")
    field(page, "reason").fill("شهردار در آن ساعت جلسه دارد.")
    save(page)
    page.wait_for_url("**/desk/meetings?day=**")
    portal.release_notices()
    told = wait_for_message(page, mobile, "تغییر کرد", seen=[told])
    assert persian("11:00") in told
    # It arrives a moment before the worker has noted that it was sent.
    wait_until(lambda: ledger(portal, code) == LEDGER)
    page.goto(f"/kartable/cases/{code}")
    expect(page.locator("section[aria-labelledby=meeting-title]")).to_contain_text("وقت‌های پیشین")


def test_week_turns_and_becomes_a_list_on_a_phone(open_page: Open, screen: Screen) -> None:
    page = open_page("office_manager", screen)
    page.goto("/desk/meetings")
    shown, hidden = (".week-days", ".week-t") if screen.touch else (".week-t", ".week-days")
    expect(page.locator(shown)).to_be_visible()
    expect(page.locator(hidden)).to_be_hidden()
    if not screen.touch:
        expect(page.locator(".week-t thead th").nth(1)).to_contain_text("شنبه")
    before = page.locator("h1 + p").inner_text()
    page.locator("a[aria-label='هفتهٔ بعد']").click()
    expect(page.locator("h1 + p")).not_to_have_text(before)


def test_public_day_is_planned_filled_and_cancelled(portal: Portal, open_page: Open) -> None:
    first = meetings.ask(portal, "09000000783")
    page = open_page("office_manager", DESKTOP)
    page.goto("/desk/meetings/sessions/new")
    day = free_day(portal, 20)
    page.locator("[name=day]").fill(portal.site.calendar.format_date(day, "short"))
    page.locator("[name=first]").fill("۹:۰۰")
    page.locator("[name=last]").fill("۱۱:۰۰")
    page.locator("[name=public_seats]").fill("۱")
    page.locator("[name=office_seats]").fill("۰")
    page.locator("main form button.btn-primary").click()
    page.wait_for_url(re.compile(r"/desk/meetings/sessions/\d+$"))
    session = page.url
    page.locator("[name=case]").select_option(first)
    page.locator("form[action$='/reserve'] button").click()
    page.locator("form[action$='/invite'] button").click()
    page.goto(session)
    expect(page.locator("section[aria-labelledby=members-title]")).to_contain_text(meetings.APPLICANT)
    page.locator("#cancel-title").click()
    page.locator("form[action$='/cancel'] [name=public_text]").fill("شهردار در سفر است.")
    page.locator("form[action$='/cancel'] button").click()
    page.wait_for_url("**/desk/meetings")
    with portal.site.work(write=False) as work:
        assert work.session.scalars(select(Case.status).where(Case.code == first)).one() == "in_review"


def ledger(portal: Portal, code: str) -> list[str]:
    """Return what the citizen of a request was told, in order."""
    with portal.site.work(write=False) as work:
        query = (
            select(OutboxMessage.kind)
            .join(Case, Case.id == OutboxMessage.case_id)
            .where(Case.code == code, OutboxMessage.state == "sent")
            .order_by(OutboxMessage.id)
        )
        return list(work.session.scalars(query))
