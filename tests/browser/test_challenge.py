"""The challenge in a browser: with and without its script, and the form input that is kept."""

import hashlib
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

import civicportal
from civicportal.core.limits import LimitExceeded
from civicportal.core.limits.challenges import BITS, PARTS, is_solved

pytestmark = pytest.mark.browser
MOBILE = "09120000003"
PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture
def civic_settings() -> dict[str, Any]:
    return {"limits": {"otp_send_site": [[20, 86400]]}}


@pytest.fixture
def flood(site: Any) -> Any:
    def flood() -> None:
        for number in range(12):
            try:
                site.limits.count_uses(("otp_send_network", f"198.51.{number}.7"), ("otp_send_site",))
            except LimitExceeded:
                assert number >= 10

    return flood


def ask(page: Page) -> None:
    page.locator("[name=mobile]").fill(MOBILE)
    page.locator("main form button.btn-primary").click()


def test_a_form_that_was_sent_already_goes_on_by_itself(browser_app: Any, flood: Any) -> None:
    page = browser_app.open("/login", **PHONE)
    flood()
    ask(page)
    expect(page).to_have_url(f"{browser_app.address}/login/code")


def test_the_work_is_done_while_the_person_types(browser_app: Any, flood: Any) -> None:
    flood()
    page = browser_app.open("/login", **PHONE)
    box = page.locator("[data-challenge]")
    expect(box).to_be_visible()
    expect(page.locator("[data-challenge-waits]")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.locator("[data-challenge-status]")).to_have_text("بررسی انجام شد؛ می‌توانید فرم را بفرستید.")
    ask(page)
    expect(page).to_have_url(f"{browser_app.address}/login/code")


def test_without_a_script_one_waits(browser_app: Any, flood: Any, clock: Any) -> None:
    page = browser_app.open("/login", java_script_enabled=False, **PHONE)
    flood()
    ask(page)
    expect(page.locator("[data-challenge-waits]")).to_contain_text("۱۰ ثانیه")
    assert page.locator("[name=mobile]").input_value(), "what was typed stands there"
    page.locator("main form button.btn-primary").click()
    expect(page.locator("[data-challenge-waits]")).to_contain_text("ثانیه")
    clock.advance(seconds=10)
    page.locator("main form button.btn-primary").click()
    expect(page).to_have_url(f"{browser_app.address}/login/code")


def test_where_no_worker_starts_the_script_waits(browser_app: Any, flood: Any, clock: Any) -> None:
    page = browser_app.open("about:blank", **PHONE)
    page.add_init_script("window.Worker = function () { throw new Error('none'); };")
    page.clock.install()
    page.goto("/login")
    flood()
    ask(page)
    expect(page.locator("[data-challenge]")).to_be_visible()
    clock.advance(seconds=11)
    page.clock.run_for(12_000)
    expect(page).to_have_url(f"{browser_app.address}/login/code")


def test_the_script_finds_what_the_portal_expects(browser_app: Any) -> None:
    page = browser_app.open("/login")
    source = Path(civicportal.__file__).parent / "static/js/challenge-worker.js"
    run = f"(() => {{ const self = {{}}; {source.read_text('utf-8')}; return [hashBegins, solve]; }})()"
    for text in ("", "a", "0123456789abcdef0123.7.1234567890", "x" * 55):
        begins = page.evaluate(f"(text) => {run}[0](text)", text)
        assert begins == int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])
    speed = page.context.new_cdp_session(page)
    for slower in (1, 6):
        speed.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        began, nonce = time.perf_counter(), f"{slower:020}"
        numbers = page.evaluate(f"(asked) => {run}[1](...asked)", [nonce, BITS, PARTS])
        print(f"{PARTS} pieces of {BITS} bits, {slower} times slower: {time.perf_counter() - began:.2f} s")  # noqa: T201 - shown by pytest -s
        assert is_solved(nonce, BITS, numbers)
        assert not is_solved("1" * 20, BITS, numbers)
