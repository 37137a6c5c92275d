"""A person lets a program act for them, in Chromium: the policy of the page allows the way back to the program, and no other."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, expect
from sign_in_forms import make_officer

from civicportal.domain.tokens.models import ApiClient
from civicportal.domain.tokens.services import ClientService
from civicportal.testing import People
from civicportal.testing.browser import BrowserApp

pytestmark = pytest.mark.browser
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 64).digest()).rstrip(b"=").decode()


@pytest.fixture
def back(browser_app: BrowserApp) -> str:
    """The address of a program on another host: the same server by its other name."""
    return browser_app.address.replace("127.0.0.1", "localhost") + "/help"


def connect(site: Any, back: str) -> ApiClient:
    with site.work() as work:
        client, _none = work.get(ClientService).make(
            name="اپ شهر", role=None, scopes=["cases:read"], redirect_uris=[back]
        )
    return client


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize(("button", "said"), [("اجازه می‌دهم", "code"), ("اجازه نمی‌دهم", "error")])
def test_a_person_returns_to_the_program(
    site: Any,
    browser_app: BrowserApp,
    chromium: Browser,
    civic_people: People,
    back: str,
    script: bool,
    button: str,
    said: str,
) -> None:
    client = connect(site, back)
    # A browser that may leave the portal: those of the fixture complain about it.
    context = chromium.new_context(base_url=browser_app.address, locale="fa", java_script_enabled=script)
    cookie = {
        "name": site.cookie_name,
        "value": civic_people.sign_in(make_officer(site)),
        "url": browser_app.address,
    }
    context.add_cookies([cookie])
    page = context.new_page()
    query = urlencode(
        {
            "response_type": "code",
            "client_id": client.public_id,
            "redirect_uri": back,
            "state": "s1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
    )
    page.goto(f"/oauth/authorize?{query}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("اپ شهر")
    page.get_by_role("button", name=button).click()
    page.wait_for_url(f"{back}?**")
    found = parse_qs(urlsplit(page.url).query)
    assert said in found
    assert found["state"] == ["s1"]
    context.close()


def test_a_token_is_copied_by_a_button(site: Any, browser_app: BrowserApp) -> None:
    page = browser_app.open(
        "/account/tokens/new", make_officer(site), permissions=["clipboard-read", "clipboard-write"]
    )
    page.locator("[name=name]").fill("نقشه")
    page.locator("[name=scopes]").first.check()
    page.get_by_role("button", name="ساخت توکن").click()
    token = page.locator("#token").input_value()
    page.get_by_role("button", name="کپی توکن").click()
    expect(page.locator("[data-copy]")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == token
