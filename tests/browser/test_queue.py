"""The queue of reports that were written without a network: each is sent by itself, once, or asks its person."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import wizard
from browser.network import Network
from browser.people import PHONE, VISITOR
from browser.wizard import proceed
from civicportal_reports.models import Report
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from portal import Portal
from sqlalchemy import func, select

from civicportal.domain.cases.models import Attachment, Case

pytestmark = pytest.mark.browser
WORDS = "کنار پل عابر پیاده جدول شکسته و آب باران در پیاده‌رو جمع شده است."
QUEUED = "**/queue#*"


@pytest.fixture
def phone(
    network: Network, chromium: Browser, sessions: Callable[[str], Any]
) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a telephone on the network that can be cut."""
    opened: list[BrowserContext] = []

    def open_(role: str = "citizen") -> Page:
        context = chromium.new_context(
            base_url=network.address,
            locale="fa-IR",
            storage_state=None if role == VISITOR else sessions(role),
            **PHONE.options,
        )
        opened.append(context)
        return context.new_page()

    yield open_
    for context in opened:
        context.close()


WAIT_FOR_PAGE = """async path => {
    for (let turn = 0; turn < 600; turn += 1) {
        const pages = await caches.has('pages') ? await caches.open('pages') : null;
        const scripts = await caches.match(document.querySelector('script[src*="portal.js"]').src);
        if (pages && scripts && await pages.match(path)) { return; }
        await new Promise(again => setTimeout(again, 50));
    }
    throw new Error(`${path}: not kept`);
}"""


def keep(page: Page) -> None:
    """Open the home page, and wait until the worker has the form, which was never opened."""
    page.goto("/")
    page.evaluate(WAIT_FOR_PAGE, "/reports/new")
    page.wait_for_load_state("networkidle")


def write(page: Page, words: str, pictures: list[Path]) -> None:
    """Write a report up to its last step, by its address."""
    page.goto("/reports/new")
    wizard.choose_category(page)
    proceed(page, 2)
    page.locator("[data-address]").evaluate("details => { details.open = true; }")
    page.locator("[name=address]").fill(wizard.ADDRESS)
    proceed(page, 4)
    if pictures:
        page.locator("[data-photo-input]").set_input_files(pictures)
        expect(page.locator("[data-photo]")).to_have_count(len(pictures))
    page.locator("[name=body]").fill(words)
    proceed(page, 5)


def send(page: Page) -> Locator:
    """Send it into the queue, and return its card."""
    page.locator(wizard.NEXT).click()
    page.wait_for_url(QUEUED)
    return page.locator("[data-queue-list] > li").last


def opened(portal: Portal, words: str) -> list[tuple[str, int]]:
    """Return code and number of pictures of the cases with these words."""
    with portal.site.work(write=False) as work:
        pictures = select(func.count()).where(Attachment.case_id == Case.id).scalar_subquery()
        query = select(Case.code, pictures).join(Report, Report.case_id == Case.id).where(Case.body == words)
        return [(code, count) for code, count in work.session.execute(query)]


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    return [wizard.photo(tmp_path, f"{name}.jpg") for name in ("one", "two")]


def test_a_report_written_without_a_network_sends_itself_once(
    network: Network, portal: Portal, phone: Callable[..., Page], pictures: list[Path]
) -> None:
    page = phone()
    keep(page)
    network.cut()
    words = f"{WORDS} یک"
    write(page, words, pictures)
    card = send(page)
    expect(card).to_contain_text(wizard.CATEGORY)
    expect(card).to_contain_text(words)
    expect(card.locator("[data-pictures] img")).to_have_count(2)
    assert opened(portal, words) == []

    page.goto("/")
    line = page.locator("[data-queue-line]")
    expect(line).to_contain_text("۱")
    network.is_cut = False
    page.reload()
    expect(line).to_be_hidden()
    (found,) = opened(portal, words)
    assert found[1] == 2
    page.goto("/queue")
    expect(page.locator("[data-state=sent] [data-see]")).to_have_count(1)
    page.locator("[data-see]").click()
    page.wait_for_url(f"**/reports/sent/{found[0]}")
