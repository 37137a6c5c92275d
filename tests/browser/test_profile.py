"""The account on a phone: verified identity, change of number, access log, archive, deletion, return."""

import json
import zipfile

import pytest
from browser.conftest import Open
from browser.people import PHONE, enter_code, messages, persian, sign_in_citizen, wait_for_message
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
#: People of the demo whom no other test signs in: the register knows the first, and does not answer for the second.
LEILA, PARVANEH, MOVER, LEAVER = "09000000003", "09000000009", "09000000007", "09000000008"
NEW_NUMBER = "09000000777"


def claim(page: Page, national_code: str, birth_date: str) -> None:
    page.goto("/account")
    page.locator("a[href='/account/identity']").click()
    page.locator("[name=national_code]").fill(persian(national_code))
    page.locator("[name=birth_date]").fill(birth_date)
    page.keyboard.press("Escape")
    page.locator("form:has([name=national_code]) button.btn-primary").click()


def test_the_register_knows_who_one_is(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    sign_in_citizen(page, LEILA)
    claim(page, "1000000028", "۱۳۷۰/۰۷/۲۹")
    expect(page.locator(".err-summary")).to_contain_text("با هم مطابقت ندارند")
    expect(page.locator("[name=birth_date]")).to_have_value("۱۳۷۰/۰۷/۲۹")
    claim(page, "1000000028", "۱۳۷۰/۰۷/۲۸")
    page.wait_for_url("**/account")
    page.goto("/account/identity")
    expect(page.locator("main")).to_contain_text("هویت شما احراز شده است")
    expect(page.locator("main")).to_contain_text("۱۰۰*****۲۸")
    expect(page.locator("main")).not_to_contain_text(persian("1000000028"))


def test_a_register_that_does_not_answer_is_asked_again(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    sign_in_citizen(page, PARVANEH)
    claim(page, "1000000087", "۱۳۸۱/۰۲/۰۳")
    expect(page.locator(".notice.warn")).to_contain_text("پیامک")
    expect(page.locator("[name=national_code]")).to_be_visible()


def test_another_number_is_proved_by_a_code_and_told_to_the_former_one(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    sign_in_citizen(page, MOVER)
    before, there = messages(page, MOVER), messages(page, NEW_NUMBER)
    page.goto("/account/mobile")
    page.locator("[name=mobile]").fill(persian(NEW_NUMBER))
    page.locator("form:has([name=mobile]) button.btn-primary").click()
    expect(page.locator("[name=code][autocomplete=one-time-code]")).to_be_visible()
    enter_code(page, NEW_NUMBER, there)
    page.wait_for_url("**/account")
    expect(page.locator("main")).to_contain_text(persian("0900***0777"))
    wait_for_message(page, MOVER, "عوض شد", seen=before)


def test_notification_preferences_and_accesses_by_staff(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    sign_in_citizen(page, LEILA)
    page.goto("/account/notifications")
    page.locator("[name=broadcasts]").check()
    page.locator("form:has([name=broadcasts]) button.btn-primary").click()
    page.wait_for_url("**/account")
    page.goto("/account/notifications")
    expect(page.locator("[name=broadcasts]")).to_be_checked()
    page.goto("/account/access")
    expect(page.locator("main h1")).to_have_text("چه کسی دیده است")


def test_ones_data_are_taken_along(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    sign_in_citizen(page, LEILA)
    page.goto("/account/data")
    with page.expect_download() as download:
        page.locator("form[action='/account/data'] button").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        data = json.loads(archive.read("data.json"))
    assert data["users"][0]["mobile"] == f"+98{LEILA[1:]}"


def test_leaving_is_confirmed_by_a_code_and_signing_in_brings_everything_back(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    sign_in_citizen(page, LEAVER)
    seen = messages(page, LEAVER)
    page.goto("/account/delete")
    page.locator("form[action='/account/delete/code'] button").click()
    expect(page.locator("[name=code]")).to_be_visible()
    text = wait_for_message(page, LEAVER, r"\b\d{6}\b", seen=seen)
    page.locator("[name=code]").fill(next(word for word in text.split() if word.isdigit() and len(word) == 6))
    page.locator("form:has([name=code]) button.btn-danger").click()
    expect(page.locator("main h1")).to_have_text("حساب شما حذف شد")
    page.goto("/account")
    page.wait_for_url("**/login?**")
    sign_in_citizen(page, LEAVER)
    expect(page.get_by_role("status").filter(has_text="خوش برگشتید")).to_be_visible()
    page.goto("/account")
    expect(page.locator("main h1")).to_have_text("حساب کاربری")
