"""The doors, and the profile."""

from browser.pages.shown import Shown
from browser.people import VISITOR
from browser.samples import Facts
from playwright.sync_api import Page, expect

from civicportal.demo.runner import PASSWORD


def _ask_for_code(page: Page, found: Facts) -> None:
    page.goto("/login")
    page.locator("[name=mobile]").fill("09000000015")
    page.locator("form:has([name=mobile]) button.btn-primary").click()
    expect(page.locator("[name=code]")).to_be_visible()


def _give_password(page: Page, found: Facts) -> None:
    page.goto("/staff/login")
    page.locator("[name=username]").fill("culture1")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form:has([name=password]) button.btn-primary").click()
    expect(page.locator("[name=code]")).to_be_visible()


def _wrong_login(page: Page, found: Facts) -> None:
    page.goto("/login")
    page.locator("[name=mobile]").fill("12")
    page.locator("form:has([name=mobile]) button.btn-primary").click()
    expect(page.locator(".is-invalid")).to_be_visible()


def _recover(page: Page, found: Facts) -> None:
    _give_password(page, found)
    page.goto("/staff/login/recovery")


def _set_up_app(page: Page, found: Facts) -> None:
    page.goto("/account/totp")
    page.locator("form[action='/account/totp/begin'] button").click()
    page.wait_for_load_state()


PAGES = (
    Shown("login", VISITOR, "/login"),
    Shown("login", VISITOR, "/login", reach=_wrong_login, name="refused"),
    Shown("login_code", VISITOR, "/login/code", reach=_ask_for_code),
    Shown("login_password", VISITOR, "/login/password"),
    Shown("login_name", "citizen", "/login/name"),
    Shown("staff_login", VISITOR, "/staff/login"),
    Shown("staff_login_code", VISITOR, "/staff/login/code", reach=_give_password),
    Shown("staff_login_recovery", VISITOR, "/staff/login/recovery", reach=_recover),
    Shown("account", "citizen", "/account"),
    Shown("account", "handler", "/account"),
    Shown("account_name", "citizen", "/account/name"),
    Shown("account_password", "citizen", "/account/password"),
    Shown("account_password", "handler", "/account/password"),
    Shown("account_confirm", "handler", "/account/confirm"),
    Shown("account_sessions", "citizen", "/account/sessions"),
    Shown("account_totp", "handler", "/account/totp"),
    Shown("account_totp_setup", "administrator", "/account/totp/setup", reach=_set_up_app),
)
