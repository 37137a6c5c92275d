"""Passkeys in Chromium with its virtual authenticator.

Adding one, sign-in of citizens and staff, the second factor, replays, other origins.
"""

from typing import Any
from urllib.parse import parse_qs

import pytest
from browser.test_pages import OVERFLOW, barriers
from playwright.sync_api import Page, expect
from sign_in_forms import PASSWORD, make_officer
from sqlalchemy import select

from civicportal.domain.accounts.models import Passkey
from civicportal.testing import make_citizen
from civicportal.testing.browser import BrowserApp

pytestmark = pytest.mark.browser
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def served(browser_app: BrowserApp) -> BrowserApp:
    """The test site at a domain: an IP address is no RP ID."""
    browser_app.address = browser_app.address.replace("127.0.0.1", "localhost")
    return browser_app


def with_device(page: Page, **changes: Any) -> tuple[Any, str]:
    """Give a browser an authenticator; return what speaks with it, and its id."""
    speaker = page.context.new_cdp_session(page)
    speaker.send("WebAuthn.enable")
    added = speaker.send("WebAuthn.addVirtualAuthenticator", {"options": {**DEVICE, **changes}})
    return speaker, added["authenticatorId"]


def press(page: Page, purpose: str) -> None:
    page.locator(f"form[data-passkey={purpose}] [data-passkey-begin]").click()


def add_passkey(page: Page) -> None:
    page.goto("/account/passkeys")
    assert not page.evaluate(OVERFLOW)
    assert not barriers(page)
    page.locator("[name=name]").fill("گوشی من")
    press(page, "register")


def add_first_passkey(page: Page) -> None:
    """Add one to an account of staff, which gets its recovery codes with it."""
    add_passkey(page)
    expect(page.locator("[data-recovery-code]")).to_have_count(10)


def sign_out(page: Page) -> None:
    page.context.clear_cookies()


def test_staff_add_a_passkey_and_sign_in_with_nothing_else(site: Any, served: BrowserApp) -> None:
    page = served.open("/account", make_officer(site))
    with_device(page)
    add_first_passkey(page)
    page.goto("/account/passkeys")
    expect(page.get_by_text("گوشی من", exact=True)).to_be_visible()
    page.get_by_role("link", name="تغییر نام").click()
    page.wait_for_url("**/name")
    assert not barriers(page)
    page.locator("[name=name]").fill("کلید اداره")
    page.locator("form:has([name=name]) button.btn-primary").click()
    expect(page.get_by_text("کلید اداره", exact=True)).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.locator(".list-x .grow").evaluate("it => it.clientWidth") > 180, (
        "words are not squeezed by buttons"
    )
    page.get_by_role("navigation", name="مسیر صفحه").get_by_role("link", name="حساب کاربری").click()
    page.wait_for_url("**/account")
    sign_out(page)
    page.goto("/staff/login")
    assert not barriers(page)
    press(page, "staff")
    page.wait_for_url("**/desk")
    sign_out(page)
    page.goto("/login")
    press(page, "login")
    page.wait_for_url("**/my")


def test_a_passkey_is_the_second_factor(site: Any, served: BrowserApp) -> None:
    page = served.open("/account", make_officer(site))
    with_device(page)
    add_first_passkey(page)
    sign_out(page)
    page.goto("/staff/login")
    page.locator("[name=username]").fill("s.karimi")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form:has([name=password]) button.btn-primary").click()
    page.wait_for_url("**/staff/login/code")
    expect(page.locator("[name=code]")).to_have_count(0)
    press(page, "second")
    page.wait_for_url("**/desk")


def test_a_citizen_signs_in_with_a_passkey(site: Any, served: BrowserApp) -> None:
    with site.work() as work:
        citizen = make_citizen(work)
    page = served.open("/account", citizen, viewport={"width": 390, "height": 844})
    with_device(page)
    add_passkey(page)
    expect(page.get_by_text("کلید عبور افزوده شد")).to_be_visible()
    sign_out(page)
    page.goto("/login")
    assert not page.evaluate(OVERFLOW)
    press(page, "login")
    page.wait_for_url("**/my")


def test_an_answer_is_worth_nothing_a_second_time(site: Any, served: BrowserApp) -> None:
    page = served.open("/account", make_officer(site))
    with_device(page)
    add_first_passkey(page)
    sign_out(page)
    page.goto("/staff/login")
    with page.expect_request(lambda request: request.url.endswith("/staff/login/passkey")) as sent:
        press(page, "staff")
    page.wait_for_url("**/desk")
    answer = parse_qs(sent.value.post_data or "")["credential"][0]
    sign_out(page)
    page.goto("/staff/login")
    page.evaluate(
        """answer => {
            const form = document.querySelector('form[data-passkey=staff]');
            form.elements.credential.value = answer;
            form.submit();
        }""",
        answer,
    )
    expect(page.get_by_text("بیش از حد طول کشید")).to_be_visible()
    page.goto("/kartable")
    expect(page).to_have_url(f"{served.address}/staff/login?next=/kartable")


def test_a_device_without_the_passkey_says_what_to_do(served: BrowserApp) -> None:
    page = served.open("/staff/login")
    with_device(page)
    press(page, "staff")
    problem = page.locator("form[data-passkey=staff] [data-passkey-problem]")
    expect(problem).to_contain_text("روش دیگری")
    expect(page.locator("form[data-passkey=staff] [data-passkey-begin]")).to_be_enabled()


def test_a_device_that_has_one_already_adds_none(site: Any, served: BrowserApp) -> None:
    page = served.open("/account", make_officer(site))
    with_device(page)
    add_first_passkey(page)
    add_passkey(page)
    expect(page.locator("[data-passkey-problem]")).to_contain_text("از قبل کلید عبور")
    with site.work(write=False) as work:
        assert len(work.session.scalars(select(Passkey.id)).all()) == 1


def test_a_copied_passkey_is_blocked(site: Any, served: BrowserApp) -> None:
    page = served.open("/account", make_officer(site))
    speaker, device = with_device(page)
    add_first_passkey(page)
    credential = speaker.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"][0]
    sign_out(page)
    page.goto("/staff/login")
    press(page, "staff")
    page.wait_for_url("**/desk")
    speaker.send(
        "WebAuthn.removeCredential",
        {"authenticatorId": device, "credentialId": credential["credentialId"]},
    )
    speaker.send("WebAuthn.addCredential", {"authenticatorId": device, "credential": credential})
    sign_out(page)
    page.goto("/staff/login")
    press(page, "staff")
    expect(page.get_by_text("مسدود شد")).to_be_visible()


def test_at_an_ip_address_the_page_leads_to_where_passkeys_work(browser_app: BrowserApp) -> None:
    page = browser_app.open("/staff/login")
    expect(page.locator("[data-passkey]")).to_have_count(0)
    link = page.get_by_role("link", name=browser_app.address.replace("127.0.0.1", "localhost"))
    assert (link.get_attribute("href") or "").endswith("/staff/login")


def test_without_scripts_the_other_ways_are_offered(served: BrowserApp) -> None:
    page = served.open("/staff/login", java_script_enabled=False)
    expect(page.locator("[data-passkey-begin]")).to_be_hidden()
    expect(page.get_by_text("کلید عبور به جاوااسکریپت نیاز دارد")).to_be_visible()
    expect(page.locator("[name=password]")).to_be_visible()
