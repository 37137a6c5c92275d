"""Generated plugins work in an unchanged portal."""

import queue
import re
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from browser import desk
from browser.conftest import Browsers, Open
from browser.people import CITIZENS, PHONE, persian
from playwright.sync_api import Browser, Page, expect
from scaffolded import LIBRARY, PARKING, PIGEON, ScaffoldedPortal, Workshop
from sqlalchemy import select

from civicportal.domain.accounts.models import User
from civicportal.testing.people import People

pytestmark = [pytest.mark.browser, pytest.mark.packaging]
CLERK = ("clerk1", "09000000101")
MOBILE = CITIZENS["citizen"]
ANSWER = "مجوز شما آماده است؛ برای دریافت آن مراجعه کنید."
REFERENCE = "۱۴۰۵/۱۷"
#: Seconds until a message must have arrived.
ARRIVAL = 60


class Messages:
    """The provider of the new gateway's own tests, which hands on what it takes as it takes it."""

    def __init__(self, distribution: Path) -> None:
        spec = spec_from_file_location("provider", distribution / "tests/provider.py")
        assert spec
        assert spec.loader
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        self._provider = module.Provider()
        self.address, self.key = self._provider.url, module.KEY
        self._arrived: queue.Queue[dict[str, str]] = queue.Queue()
        answer = self._provider.answer

        def note(key: str, path: str, body: Any) -> Any:
            answered = answer(key, path, body)
            if body is not None:
                self._arrived.put(body)
            return answered

        self._provider.answer = note

    def next(self, pattern: str) -> str:
        """Wait for the next message with the pattern and return what it says of it."""
        while True:
            found = re.search(pattern, self._arrived.get(timeout=ARRIVAL)["text"])
            if found:
                return found[0]

    def close(self) -> None:
        """End."""
        self._provider.close()


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Return the new plugins."""
    return Workshop(tmp_path_factory.mktemp("distributions"))


@pytest.fixture(scope="module")
def phone(workshop: Workshop) -> Iterator[Messages]:
    """Return what the portal sends."""
    messages = Messages(workshop.folders[PIGEON.name])
    yield messages
    messages.close()


@pytest.fixture(scope="module")
def portal(
    tmp_path_factory: pytest.TempPathFactory, workshop: Workshop, phone: Messages
) -> Iterator[ScaffoldedPortal]:
    """Return a served portal with the plugins, and a clerk for them."""
    folder = tmp_path_factory.mktemp("portal")
    portal = ScaffoldedPortal(folder, workshop, (phone.address, phone.key))
    portal.add_officer(*CLERK)
    portal.start(worker=True)
    yield portal
    portal.stop()
    portal.site.engines.dispose()


@pytest.fixture
def open_page(portal: ScaffoldedPortal, chromium: Browser) -> Iterator[Open]:
    """Return a function that opens a separate browser for a visitor."""
    nobody: Callable[[str], Any] = {}.__getitem__
    browsers = Browsers(chromium, portal.address, nobody)
    yield browsers.open
    browsers.close()


def test_new_plugins_from_the_card_to_the_last_message(
    portal: ScaffoldedPortal, open_page: Open, phone: Messages
) -> None:
    officer = open_page()
    sign_in_officer(portal, officer)
    write_a_page(officer)
    citizen = open_page(screen=PHONE)
    read_the_page(citizen)
    code = send_a_request(citizen, phone)
    officer.goto(f"/desk/{PARKING.name}")
    expect(officer.locator(f"a[href='/kartable/cases/{code}']")).to_be_visible()
    officer.goto("/kartable")
    officer.locator(f"a[href='/kartable/cases/{code}']").first.click()
    desk.take_step(officer, "accept")
    desk.take_step(officer, "finish", ANSWER)
    expect(officer.locator(".page-h .pill").first).to_have_text("انجام‌شده")

    portal.release_notices()
    phone.next("انجام شد")
    citizen.goto(f"/my/{code}")
    expect(citizen.locator("main")).to_contain_text(ANSWER)
    citizen.locator("#rating label", has=citizen.locator("[value='5']")).click()
    citizen.locator("#rating button.btn-primary").click()
    expect(citizen.locator("#rating .notice.good")).to_be_visible()


def sign_in_officer(portal: ScaffoldedPortal, page: Page) -> None:
    with portal.site.work(write=False) as work:
        user = work.session.scalars(select(User).where(User.username == CLERK[0])).one()
    token = People(portal.site).sign_in(user)
    page.context.add_cookies([{"name": portal.site.cookie_name, "value": token, "url": portal.address}])


def write_a_page(officer: Page) -> None:
    officer.goto("/desk")
    officer.locator(f"nav a[href='/desk/{LIBRARY.name}']").click()
    officer.locator(f"a[href='/desk/{LIBRARY.name}/new']").first.click()
    officer.locator("[name=title]").fill("ساعت کار کتابخانه")
    officer.locator("[name=body]").fill("شنبه تا چهارشنبه، از هشت تا بیست.")
    officer.locator("label:has([name=published]), [name=published]").first.click()
    officer.locator("form:has([name=body]) button.btn-primary").click()
    expect(officer.locator("tr[data-row]")).to_contain_text("منتشرشده")


def read_the_page(citizen: Page) -> None:
    citizen.goto("/")
    citizen.locator(f"a.svc[href='/{LIBRARY.name}']", has_text=LIBRARY.persian).click()
    citizen.get_by_role("link", name="ساعت کار کتابخانه").click()
    expect(citizen.locator("article")).to_contain_text("از هشت تا بیست")


def send_a_request(citizen: Page, phone: Messages) -> str:
    citizen.goto("/")
    citizen.locator(f"a.svc[href='/{PARKING.name}/new']", has_text=PARKING.persian).click()
    citizen.locator("[name=subject]").fill("مجوز پارک سه‌ماهه")
    citizen.locator("[name=body]").fill("برای خیابان آزادی مجوز پارک می‌خواهم.")
    citizen.locator("[name=reference]").fill(REFERENCE)
    citizen.locator("form:has([name=body]) button.btn-primary").click()
    expect(citizen).to_have_url(re.compile(r"/login\?next="))
    citizen.locator("[name=mobile]").fill(persian(MOBILE))
    citizen.locator("form:has([name=mobile]) button.btn-primary").click()
    citizen.locator("[name=code]").fill(persian(phone.next(r"\b\d{6}\b")))
    citizen.locator("form:has([name=code]) button.btn-primary").click()
    citizen.wait_for_url("**/my/*")
    expect(citizen.locator("main")).to_contain_text(REFERENCE)
    citizen.locator("[name=name]").fill("شهلا تازه‌وارد")
    citizen.locator("form:has([name=name]) button.btn-primary").click()
    citizen.wait_for_url("**/my/*")
    expect(citizen.locator("[name=name]")).to_have_count(0)
    return citizen.url.rpartition("/")[2]
