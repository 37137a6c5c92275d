"""A form submitted after the session ended is sent after sign-in."""

from datetime import timedelta

import pytest
from browser import announcements, desk
from browser.conftest import Open
from browser.people import DESKTOP, STAFF, VISITOR, Screen, enter_code, messages, sign_in_staff
from browser.samples import send_report, who
from browser.test_pages import OVERFLOW, barriers
from playwright.sync_api import Page, Response, expect
from portal import Portal
from sqlalchemy import update

from civicportal.core.crypto import token_hash
from civicportal.domain.accounts.models import Session
from civicportal.portal.demo.runner import PASSWORD

pytestmark = pytest.mark.browser
WORDS = "چاله را دیدیم\nو فردا پر می‌کنیم"


def leave_alone(portal: Portal, page: Page) -> None:
    """Let the session of a browser be idle for an hour."""
    # A picture that is requested when scrolled into view would have no owner then.
    page.evaluate("for (const one of document.images) { one.loading = 'eager' }")
    page.wait_for_function("() => [...document.images].every(one => one.complete)")
    cookie = next(one for one in page.context.cookies() if one["name"] == portal.site.cookie_name)
    with portal.site.work() as work:
        long_ago = work.clock.now() - timedelta(hours=1)
        of_browser = Session.token_hash == token_hash(cookie["value"])
        work.session.execute(update(Session).where(of_browser).values(last_seen_at=long_ago))


def restore_account(page: Page, role: str = "handler") -> None:
    """Sign in on the page that is open."""
    username, mobile = STAFF[role]
    seen = messages(page, mobile)
    page.locator("[name=username]").fill(username)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form:has([name=password]) button.btn-primary").click()
    expect(page.locator("[name=code]")).to_be_visible()
    enter_code(page, mobile, seen)


def at_a_new_report(portal: Portal, open_page: Open, screen: Screen = DESKTOP) -> tuple[Page, str]:
    """Sign the handler in, in a browser of their own, and open a new report; return its page and its code."""
    with portal.site.work() as work:
        neighbour = who(work, "neighbour")
    code = send_report(portal, neighbour)
    page = open_page(VISITOR, screen)
    sign_in_staff(page, *STAFF["handler"])
    page.goto(f"/kartable/cases/{code}")
    return page, code


def test_a_form_is_sent_after_signing_in_again(portal: Portal, open_page: Open, screen: Screen) -> None:
    page, code = at_a_new_report(portal, open_page, screen)
    panel = desk.open_tab(page, "comment")
    panel.locator("[name=text]").fill(WORDS)
    leave_alone(portal, page)
    panel.locator("button.btn-primary").click()
    page.wait_for_url("**/staff/login?next=/unsent")
    restore_account(page)
    page.wait_for_url("**/unsent")
    expect(page.locator("textarea[readonly]")).to_have_value(WORDS)
    assert barriers(page) == []
    assert page.evaluate(OVERFLOW) == 0
    page.locator("form[action^='/unsent/send'] button").click()
    page.wait_for_url(f"**/kartable/cases/{code}")
    expect(page.locator(".bubble", has_text="فردا پر می‌کنیم")).to_have_count(1)
    page.goto("/unsent")
    page.wait_for_url("**/desk")


def refused(answer: Response) -> bool:
    return answer.status == 401 and answer.request.method == "POST"


def test_a_preview_shows_no_sign_in_and_the_answer_waits(portal: Portal, open_page: Open) -> None:
    page, _code = at_a_new_report(portal, open_page)
    told = desk.preview(page, "reject")
    panel = page.locator("#panel-reject")
    leave_alone(portal, page)
    panel.locator("[name=public_text]").fill(WORDS)
    with page.expect_response(refused):
        panel.locator("[name=public_text]").blur()
    expect(panel.locator("[data-preview] .sms")).to_have_text(told)
    expect(page.locator("[name=password]")).to_have_count(0)
    panel.locator("[name=then][value=stay]").click()
    page.wait_for_url("**/staff/login?next=/unsent")
    restore_account(page)
    # The preview was not a form that the officer meant to send.
    expect(page.locator("textarea[readonly]")).to_have_value(WORDS)


def test_a_form_of_an_earlier_sign_in_is_given_back(portal: Portal, open_page: Open, screen: Screen) -> None:
    page, code = at_a_new_report(portal, open_page, screen)
    panel = desk.open_tab(page, "comment")
    panel.locator("[name=text]").fill(WORDS)
    page.context.clear_cookies()
    other = page.context.new_page()
    sign_in_staff(other, *STAFF["handler"])
    other.close()
    panel.locator("button.btn-primary").click()
    expect(page.locator("textarea[readonly]")).to_have_value(WORDS)
    assert barriers(page) == []
    assert page.evaluate(OVERFLOW) == 0
    page.locator("main form button.btn-primary").click()
    page.wait_for_url(f"**/kartable/cases/{code}**")
    expect(page.locator(".bubble", has_text="فردا پر می‌کنیم")).to_have_count(1)


def test_the_editor_of_announcements_too(portal: Portal, open_page: Open) -> None:
    page = open_page(VISITOR)
    sign_in_staff(page, *STAFF["public_relations"])
    announcements.write(page, "آزمایش پیش از رفتن")
    expect(page.locator("[data-preview-words] strong")).to_have_text("پارک ساحلی")
    leave_alone(portal, page)
    with page.expect_response(refused):
        page.locator("[name=body]").press("End")
        page.locator("[name=body]").press("a")
    expect(page.locator("[name=password]")).to_have_count(0)
    expect(page.locator("[data-preview-words] strong")).to_have_text("پارک ساحلی")
    page.locator("[name=action][value=draft]").click()
    page.wait_for_url("**/staff/login?next=/unsent")
    restore_account(page, "public_relations")
    expect(page.locator("textarea[readonly]", has_text="پارک ساحلی").first).to_be_visible()
