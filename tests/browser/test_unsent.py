"""The session ends while an officer writes a note: signing in again sends it."""

from datetime import timedelta

import pytest
from browser import desk
from browser.conftest import Open
from browser.people import STAFF, VISITOR, Screen, enter_code, messages, sign_in_staff
from browser.samples import send_report, who
from browser.test_pages import OVERFLOW, barriers
from playwright.sync_api import Page, expect
from portal import Portal
from sqlalchemy import update

from civicportal.accounts.models import Session
from civicportal.crypto import token_hash
from civicportal.demo.runner import PASSWORD

pytestmark = pytest.mark.browser
WORDS = "چاله را دیدیم\nو فردا پر می‌کنیم"


def leave_alone(portal: Portal, page: Page) -> None:
    """Let the session of a browser be idle for an hour."""
    cookie = next(one for one in page.context.cookies() if one["name"] == portal.site.cookie_name)
    with portal.site.work() as work:
        long_ago = work.clock.now() - timedelta(hours=1)
        of_browser = Session.token_hash == token_hash(cookie["value"])
        work.session.execute(update(Session).where(of_browser).values(last_seen_at=long_ago))


def come_back(page: Page) -> None:
    """Sign in at the door that is open on the page."""
    username, mobile = STAFF["handler"]
    seen = messages(page, mobile)
    page.locator("[name=username]").fill(username)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form:has([name=password]) button.btn-primary").click()
    expect(page.locator("[name=code]")).to_be_visible()
    enter_code(page, mobile, seen)


def test_what_was_written_is_sent_after_all(portal: Portal, open_page: Open, screen: Screen) -> None:
    with portal.site.work() as work:
        neighbour = who(work, "neighbour")
    code = send_report(portal, neighbour)
    page = open_page(VISITOR, screen)
    sign_in_staff(page, *STAFF["handler"])
    page.goto(f"/kartable/cases/{code}")
    panel = desk.open_tab(page, "comment")
    panel.locator("[name=text]").fill(WORDS)
    leave_alone(portal, page)
    panel.locator("button.btn-primary").click()
    page.wait_for_url("**/staff/login?next=/unsent")
    come_back(page)
    page.wait_for_url("**/unsent")
    expect(page.locator(".bubble")).to_have_text(WORDS)
    assert barriers(page) == []
    assert page.evaluate(OVERFLOW) == 0
    page.locator("form[action^='/unsent/send'] button").click()
    page.wait_for_url(f"**/kartable/cases/{code}")
    expect(page.locator(".bubble", has_text="فردا پر می‌کنیم")).to_have_count(1)
    page.goto("/unsent")
    page.wait_for_url("**/desk")
