"""A service that a scaffold has made, in a portal that was not changed for it: from the card to the last message."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browser import desk
from browser.conftest import Browsers, Open
from browser.people import CITIZENS, PHONE, enter_mobile, messages, sign_in_staff, wait_for_message
from playwright.sync_api import Browser, expect
from scaffolded import NAME, PERSIAN, Distribution, ScaffoldedPortal

pytestmark = [pytest.mark.browser, pytest.mark.packaging]
CLERK = ("clerk1", "09000000101")
ANSWER = "مجوز شما آماده است؛ برای دریافت آن مراجعه کنید."
REFERENCE = "۱۴۰۵/۱۷"


@pytest.fixture(scope="module")
def parking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScaffoldedPortal]:
    """Return a served portal with a plugin of the scaffold, and a clerk for it."""
    distribution = Distribution(tmp_path_factory.mktemp("distribution"))
    portal = ScaffoldedPortal(tmp_path_factory.mktemp("portal"), distribution)
    portal.add_officer(*CLERK)
    portal.start(worker=True)
    yield portal
    portal.stop()
    portal.site.engines.dispose()


@pytest.fixture
def open_page(parking: ScaffoldedPortal, chromium: Browser) -> Iterator[Open]:
    """Return a function that opens a browser of its own for somebody who has not signed in."""
    nobody: Callable[[str], Any] = {}.__getitem__
    browsers = Browsers(chromium, parking.address, nobody)
    yield browsers.open
    browsers.close()


def test_a_new_service_from_its_card_to_the_last_message(parking: ScaffoldedPortal, open_page: Open) -> None:
    citizen, mobile = open_page(screen=PHONE), CITIZENS["citizen"]
    citizen.goto("/")
    citizen.locator(f"a.svc[href='/{NAME}/new']", has_text=PERSIAN).click()
    citizen.locator("[name=subject]").fill("مجوز پارک سه‌ماهه")
    citizen.locator("[name=body]").fill("برای خیابان آزادی مجوز پارک می‌خواهم.")
    citizen.locator("[name=reference]").fill(REFERENCE)
    citizen.locator("form:has([name=body]) button.btn-primary").click()
    expect(citizen).to_have_url(re.compile(r"/login\?next="))
    enter_mobile(citizen, mobile)
    citizen.locator("[name=name]").fill("شهلا تازه‌وارد")
    citizen.locator("form:has([name=name]) button.btn-primary").click()
    citizen.wait_for_url(f"**/{NAME}/new")
    expect(citizen.locator("[name=reference]")).to_have_value(REFERENCE)
    citizen.locator("form:has([name=body]) button.btn-primary").click()
    citizen.wait_for_url("**/my/*")
    expect(citizen.locator("main")).to_contain_text(REFERENCE)
    code = citizen.url.rpartition("/")[2]

    officer = open_page()
    sign_in_staff(officer, *CLERK)
    officer.goto(f"/desk/{NAME}")
    expect(officer.locator(f"a[href='/kartable/cases/{code}']")).to_be_visible()
    officer.goto("/kartable")
    officer.locator(f"a[href='/kartable/cases/{code}']").first.click()
    desk.take_step(officer, "accept")
    seen = messages(citizen, mobile)
    desk.take_step(officer, "finish", ANSWER)
    expect(officer.locator(".page-h .pill").first).to_have_text("انجام‌شده")

    parking.release_notices()
    wait_for_message(citizen, mobile, "انجام شد", seen=seen)
    citizen.goto(f"/my/{code}")
    expect(citizen.locator("main")).to_contain_text(ANSWER)
    citizen.locator("#rating label", has=citizen.locator("[value='5']")).click()
    citizen.locator("#rating button.btn-primary").click()
    expect(citizen.locator("#rating .notice.good")).to_be_visible()
