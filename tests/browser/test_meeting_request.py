"""Request of a meeting: form, SMS and answer."""

import pytest
from browser import meetings
from browser.conftest import Open
from browser.people import CITIZENS, PHONE, VISITOR, Screen, enter_mobile, messages, persian, wait_for_message
from browser.samples import who
from browser.wizard import NEXT, proceed, step
from icalendar import Calendar
from playwright.sync_api import Page, expect
from portal import Portal

pytestmark = pytest.mark.browser


def send(page: Page) -> str:
    """Send the form and return the tracking code."""
    page.locator(NEXT).click()
    page.wait_for_url("**/meetings/sent/*")
    return page.url.rsplit("/", 1)[1]


def test_request_time_answer_and_calendar(portal: Portal, open_page: Open) -> None:
    mobile = CITIZENS["applicant"]
    meetings.set_free(portal, mobile)
    page = open_page("applicant", PHONE)
    seen = messages(page, mobile)
    meetings.fill_in(page)
    expect(page.locator("[data-review=days]")).to_have_text("یکشنبه")
    code = send(page)
    told = wait_for_message(page, mobile, code, seen=seen)
    assert "درخواست ملاقات شما با شهردار ثبت شد" in told
    page.goto("/meetings/new")
    expect(page.locator(f"a[href='/my/{code}']")).to_be_visible()

    with portal.site.work() as work:
        officer = who(work, "office_manager")
    start = meetings.set_time(portal, officer, code)
    portal.release_notices()
    calendar = portal.site.calendar
    day, hour = calendar.format_date(start, "short"), calendar.format_time(start)
    told = wait_for_message(page, mobile, hour, seen=[told])
    for words in (day, hour, meetings.NOTE, code):
        assert words in told

    page.goto(f"/my/{code}")
    section = page.locator("section[aria-labelledby=appointment-title]")
    for words in (calendar.format_date(start, "long"), hour, meetings.PLACE, meetings.NOTE):
        expect(section).to_contain_text(words)
    page.locator("form[action$='/confirm'] button").click()
    expect(section.locator(".notice.good")).to_be_visible()
    with page.expect_download() as download:
        section.locator("a[href$='.ics']").click()
    [event] = Calendar.from_ical(download.value.path().read_bytes()).events
    assert event.start == start
    assert event["LOCATION"] == meetings.PLACE


def test_visitor_signs_in_at_the_end(portal: Portal, open_page: Open, screen: Screen) -> None:
    mobile = "09000000013" if screen.touch else "09000000014"
    meetings.set_free(portal, mobile)
    page = open_page(VISITOR, screen)
    meetings.fill_in(page)
    page.locator(NEXT).click()
    page.wait_for_url("**/login?**")
    enter_mobile(page, mobile)
    page.wait_for_url("**/meetings/sent/*")
    expect(page.locator("h1")).to_have_text("درخواست شما ثبت شد")


def test_company_is_asked_for_its_number_and_a_person_is_not(open_page: Open, screen: Screen) -> None:
    page = open_page(VISITOR, screen)
    meetings.say_why(page)
    proceed(page, 2)
    expect(page.locator("[name=legal_id]")).to_be_hidden()
    page.locator("label.choice", has=page.locator("[value=legal]")).click()
    meetings.say_who(page)
    page.locator(NEXT).click()
    expect(page.locator("[data-error-for=legal_id]")).to_be_visible()
    page.locator("label.choice", has=page.locator("[value=natural]")).click()
    proceed(page, 3)


def test_wrong_number_is_said_beside_its_field(open_page: Open, screen: Screen) -> None:
    page = open_page(VISITOR, screen)
    meetings.say_why(page)
    proceed(page, 2)
    meetings.say_who(page)
    page.locator("[name=national_code]").fill("1234567890")
    page.locator("[name=birth_date]").fill("۱۳۶۵/۱۳/۴۰")
    page.locator(NEXT).click()
    expect(page.locator("#national_code-error")).to_contain_text("کد ملی")
    expect(page.locator("#birth_date-error")).to_be_visible()
    expect(page.locator("[name=national_code]")).to_be_focused()
    expect(step(page, 2)).to_be_visible()
    page.locator("[name=national_code]").fill(persian(meetings.NATIONAL_CODE))
    expect(page.locator("#national_code-error")).to_be_hidden()
    expect(page.locator("#birth_date-error")).to_be_visible()
    page.locator("[data-field=birth_date] button[aria-haspopup=dialog]").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("[name=birth_date]").fill("")
    page.locator(NEXT).click()
    expect(page.locator("[data-error-for=birth_date]")).to_be_visible()
    page.locator("[name=birth_date]").fill(meetings.BIRTH_DATE)
    expect(page.locator("[data-error-for=birth_date]")).to_be_hidden()
    proceed(page, 3)
    expect(page.locator("[name=reason]")).to_have_value(meetings.REASON)


def test_without_the_servers_answer_the_whole_form_is_checked_at_the_end(open_page: Open) -> None:
    page = open_page(VISITOR, PHONE)
    page.route("**/meetings/new/check", lambda route: route.fulfill(status=422, body=""))
    meetings.say_why(page)
    proceed(page, 2)
    meetings.say_who(page)
    page.locator("[name=national_code]").fill("1234567890")
    proceed(page, 3)
    proceed(page, 4)
    page.locator(NEXT).click()
    expect(step(page, 2)).to_be_visible()
    expect(page.locator("#national_code-error")).to_contain_text("کد ملی")
    expect(page.locator("[name=reason]")).to_have_value(meetings.REASON)


def test_browser_keeps_the_words_and_not_the_numbers(open_page: Open) -> None:
    page = open_page(VISITOR, PHONE)
    meetings.say_why(page)
    proceed(page, 2)
    meetings.say_who(page)
    page.wait_for_function("words => JSON.stringify(localStorage).includes(words)", arg=meetings.REASON)
    page.goto("/track")
    kept = page.evaluate("JSON.stringify(localStorage)")
    for number in (meetings.NATIONAL_CODE, persian(meetings.NATIONAL_CODE), meetings.BIRTH_DATE):
        assert number not in kept


def test_long_form_without_a_script(open_page: Open) -> None:
    page = open_page("citizen", PHONE, java_script_enabled=False)
    meetings.say_why(page)
    meetings.say_who(page)
    meetings.say_when(page)
    page.locator("[data-next]").click()
    page.wait_for_url("**/meetings/sent/*")
    page.goto(f"/my/{page.url.rsplit('/', 1)[1]}")
    page.locator("details", has_text="انصراف").locator("summary").click()
    page.locator("form[action$='/withdraw'] button").click()
    expect(page.locator("main .pill").first).to_have_text("لغوشده")
