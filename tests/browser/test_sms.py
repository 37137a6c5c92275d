"""SMS on the demo phones, through the provider's simulator."""

import re
import time
from collections.abc import Iterator

import pytest
from browser import desk
from browser.conftest import Open
from browser.people import CITIZENS, PHONE, Screen, enter_code, messages, persian
from playwright.sync_api import Locator, Page, expect
from portal import Portal

pytestmark = pytest.mark.browser
MOBILE, STRANGER = CITIZENS["neighbour"], "09000000731"
LATEST = "[data-phone] .sms >> nth=0"
#: Milliseconds until an answer must have come back: the worker looks every second, the phone every two.
ARRIVAL = 60_000


def sms(phone: Page, words: str | re.Pattern[str]) -> Locator:
    """Return the message with some words on a phone: another one may have come since."""
    return phone.locator("[data-phone] .sms").filter(has_text=words).first


def write(phone: Page, text: str) -> None:
    """Write a message on a phone and send it."""
    phone.goto(f"/demo/phones/{MOBILE}")
    phone.locator("[name=text]").fill(text)
    phone.locator(".handset-write button").click()
    expect(phone.locator(".sms-out").first).to_have_text(text)


def test_a_code_arrives_on_the_phone_and_signs_in(open_page: Open, screen: Screen) -> None:
    page = open_page(screen=screen)
    seen = messages(page, CITIZENS["citizen"])
    page.goto("/login")
    page.locator("[name=mobile]").fill(persian(CITIZENS["citizen"]))
    page.locator("form:has([name=mobile]) button.btn-primary").click()
    expect(page.locator("[name=code]")).to_be_visible()
    enter_code(page, CITIZENS["citizen"], seen)
    page.wait_for_url("**/my")


def test_a_tracking_code_is_answered_while_one_looks(open_page: Open, screen: Screen, code: str) -> None:
    phone = open_page(screen=screen)
    write(phone, persian(code))
    expect(sms(phone, re.compile(rf"{code}: ثبت‌شده"))).to_be_visible(timeout=ARRIVAL)


def test_a_digit_opens_a_closed_report_again(portal: Portal, open_page: Open, code: str) -> None:
    roads = open_page("handler")
    desk.open_case(roads, code)
    desk.take_step(roads, "close", desk.ANSWER)
    portal.release_notices()
    phone = open_page(screen=PHONE)
    phone.goto(f"/demo/phones/{MOBILE}")
    expect(sms(phone, f"{code} بررسی شد")).to_be_visible(timeout=ARRIVAL)
    write(phone, f"۲ {code} هنوز گود است")
    expect(sms(phone, f"{code} دوباره")).to_be_visible(timeout=ARRIVAL)
    desk.open_case(roads, code)
    expect(roads.locator("main")).to_contain_text("هنوز گود است")
    notices = roads.locator("section[aria-labelledby=notices-title]")
    expect(notices.locator(".pill").first).to_have_text("ارسال‌شده")


def test_a_phone_without_scripts_sends_and_looks_again(open_page: Open, code: str) -> None:
    phone = open_page(screen=PHONE, java_script_enabled=False)
    write(phone, code)
    phone.get_by_role("link", name="به‌روزرسانی").click()
    expect(phone.locator(".sms-out").first).to_have_text(code)


def behave(page: Page, mode: str) -> None:
    """Let the provider behave in another way."""
    page.goto("/demo/phones")
    page.locator("main details summary").first.click()
    page.locator("[name=mode]").select_option(mode)
    page.locator("form[action='/demo/provider'] button").click()
    page.wait_for_load_state()


@pytest.fixture
def provider(open_page: Open) -> Iterator[Page]:
    """Return a page from which the provider is spoilt; in the end it behaves well again."""
    page = open_page()
    yield page
    behave(page, "ok")


def test_a_wrong_key_is_told_and_mended(open_page: Open, provider: Page) -> None:
    administrator, visitor = open_page("administrator"), open_page()
    behave(provider, "bad_key")
    visitor.goto("/login")
    visitor.locator("[name=mobile]").fill(STRANGER)
    visitor.locator("form:has([name=mobile]) button.btn-primary").click()
    closed = administrator.locator(".notice.bad")
    ends = time.monotonic() + ARRIVAL / 1000
    administrator.goto("/admin/messages")
    while not closed.count() and time.monotonic() < ends:
        administrator.reload()
    expect(closed).to_contain_text("کلید وب‌سرویس نامعتبر است")
    behave(provider, "ok")
    closed.locator("button").click()
    expect(administrator.locator(".notice.bad")).to_have_count(0)
    provider.goto(f"/demo/phones/{STRANGER}")
    expect(provider.locator(LATEST)).to_contain_text("کد ورود", timeout=ARRIVAL)
