"""A citizen's own pages: signing in, following up, rating, objecting."""

import pytest
from browser import desk, follow_up
from browser.conftest import Open
from browser.people import CITIZENS, Screen, enter_code, messages, persian, sign_in_citizen
from browser.samples import close_report, send_report, who
from playwright.sync_api import expect
from portal import Portal

pytestmark = pytest.mark.browser


def test_sign_in_with_persian_digits_after_a_wrong_code(open_page: Open, screen: Screen) -> None:
    mobile = "09000000011" if screen.touch else "09000000012"
    page = open_page(screen=screen)
    seen = messages(page, mobile)
    page.goto("/my")
    page.wait_for_url("**/login?**")
    page.locator("[name=mobile]").fill(persian(mobile))
    page.locator("form:has([name=mobile]) button.btn-primary").click()
    page.locator("[name=code]").fill("۰۰۰۰۰۰")
    page.locator("form:has([name=code]) button.btn-primary").click()
    expect(page.locator(".err-summary, .err").first).to_be_visible()
    enter_code(page, mobile, seen)
    page.wait_for_url("**/my")
    expect(page.locator("h1")).to_be_visible()


def test_signing_out_forgets_the_person(open_page: Open) -> None:
    page = open_page()
    sign_in_citizen(page, "09000000014")
    page.goto("/account")
    page.locator("main form[action='/logout'] button").click()
    page.wait_for_url("**/")
    page.goto("/my")
    page.wait_for_url("**/login?**")


def test_own_cases_lead_to_their_history(open_page: Open, screen: Screen, own_code: str) -> None:
    page = open_page("citizen", screen)
    page.goto("/my")
    page.locator(f"a[href='/my/{own_code}']").click()
    expect(page.locator("ol.tl > li")).to_have_count(1)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_tracking_by_code_and_last_digits(
    portal: Portal, open_page: Open, screen: Screen, own_code: str, script: bool
) -> None:
    with portal.site.work() as work:
        officer = who(work, "handler")
    close_report(portal, officer, own_code)
    stranger = open_page(screen=screen, java_script_enabled=script)
    follow_up.ask(stranger, own_code)
    with stranger.expect_request("**/track") as sent:
        follow_up.prove(stranger, "9999")
    # Over https a form without an origin is refused.
    assert sent.value.all_headers()["origin"] == portal.address
    expect(stranger.locator(".err-summary, .err").first).to_be_visible()
    follow_up.prove(stranger, CITIZENS["citizen"][-4:])
    stranger.wait_for_url(f"**/track/{own_code}")
    expect(stranger.locator("main")).to_contain_text(desk.ANSWER)
    expect(stranger.locator("ol.tl > li").first).to_contain_text("بررسی‌شده")
    expect(stranger.locator("main")).not_to_contain_text("روبه‌روی شمارهٔ ۱۲")


def test_rating_may_be_changed_and_an_objection_opens_again(
    portal: Portal, open_page: Open, screen: Screen
) -> None:
    with portal.site.work() as work:
        citizen, officer = who(work, "citizen"), who(work, "handler")
    code = send_report(portal, citizen)
    close_report(portal, officer, code)
    page = open_page("citizen", screen)
    page.goto(f"/my/{code}")
    for stars in (2, 4):
        page.locator("#rating label", has=page.locator(f"[value='{stars}']")).click()
        page.locator("#rating [name=words]").fill("دیر شد، ولی درست شد.")
        page.locator("#rating button.btn-primary").click()
        expect(page.locator("#rating .notice.good")).to_be_visible()
        expect(page.locator(f"#rating [value='{stars}']")).to_be_checked()
    page.locator("details:has([name=reason]) summary").click()
    page.locator("[name=reason]").fill("چاله دوباره باز شده است.")
    page.locator("details:has([name=reason]) button[type=submit]").click()
    expect(page.locator("#rating")).to_have_count(0)
    expect(page.locator("main .pill").first).to_have_text("در حال بررسی")
