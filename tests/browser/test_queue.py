"""The queue of reports that were written without a network: each is sent by itself, once, or asks its person."""

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser import wizard
from browser.conftest import Browsers
from browser.cuts import BreakingNetwork, Cut
from browser.network import Network, keep
from browser.people import ARRIVAL, CITIZENS, PHONE, VISITOR, enter_mobile, sign_in_citizen
from browser.wizard import proceed
from civicportal_reports.models import Report
from playwright.sync_api import Browser, Locator, Page, expect
from portal import Portal
from senders import wait_until
from sqlalchemy import func, select

from civicportal.domain.cases.models import Attachment, Case
from civicportal.domain.organization.models import Category

pytestmark = pytest.mark.browser
WORDS = "کنار پل عابر پیاده جدول شکسته و آب باران در پیاده‌رو جمع شده است."
ADDRESS = "روبه‌روی کارخانهٔ یخ"
"""No street of the map, so that no report nearby is asked about."""
FORM = "/reports/new"
QUEUED = re.compile(r"/queue#[\w-]{22}$")


def write(page: Page, words: str, pictures: list[Path]) -> None:
    """Write a report up to its last step, by its address."""
    page.goto("/reports/new")
    wizard.choose_category(page)
    # Its words appear below the button, which would move under a click.
    expect(page.locator("[data-draft-status]")).not_to_be_empty()
    proceed(page, 2)
    page.locator("[data-address]").evaluate("details => { details.open = true; }")
    page.locator("[name=address]").fill(ADDRESS)
    proceed(page, 4)
    if pictures:
        page.locator("[data-photo-input]").set_input_files(pictures)
        expect(page.locator("[data-photo]")).to_have_count(len(pictures))
    page.locator("[name=body]").fill(words)
    proceed(page, 5)


def send(page: Page) -> Locator:
    """Send it into the queue, and return its card."""
    page.locator(wizard.NEXT).click()
    # An ordinary submission that finds no network is answered by nothing, before the page goes there.
    expect(page).to_have_url(QUEUED)
    return page.locator("[data-queue-list] > li").last


def write_without_network(page: Page, network: Network, words: str, pictures: list[Path]) -> Locator:
    """Cut the network, write a report, send it into the queue, and return its card."""
    keep(page, FORM)
    network.cut()
    write(page, words, pictures)
    return send(page)


def send_now(page: Page) -> None:
    """Press "send now", also if the page has just begun by itself and hides the button."""
    page.locator("[data-queue-send]").dispatch_event("click")


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
    keep(page, FORM)
    network.cut()
    words = f"{WORDS} یک"
    page.goto("/reports/new")
    wizard.choose_category(page)
    proceed(page, 2)
    expect(page.locator("[data-map=picker] .leaflet-tile-pane")).to_be_attached()
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
    wait_until(lambda: [count for _code, count in opened(portal, words)] == [2])
    expect(line).to_be_hidden()
    ((code, _count),) = opened(portal, words)
    page.goto("/queue")
    expect(page.locator("[data-state=sent] [data-see]")).to_have_count(1)
    page.locator("[data-see]").click()
    page.wait_for_url(f"**/reports/sent/{code}")


def test_what_waits_is_seen_edited_and_thrown_away(
    network: Network, portal: Portal, phone: Callable[..., Page], pictures: list[Path]
) -> None:
    page = phone()
    keep(page, FORM)
    network.cut()
    words, changed = f"{WORDS} دو", f"{WORDS} سه"
    write(page, words, pictures)
    card = send(page)
    card.locator("[data-remove]").click()
    expect(card).to_have_attribute("data-state", "removed")
    card.locator("[data-undo]").click()
    expect(card).to_have_attribute("data-state", "waits")

    card.locator("[data-edit]").click()
    expect(page.locator("[data-step='5'] h1")).to_be_visible()
    expect(page.locator("[data-review-photos] img")).to_have_count(2)
    page.locator("[data-step='5'] a[href='#4']").first.click()
    page.locator("[name=body]").fill(changed)
    page.locator("[data-photo-remove]").first.click()
    proceed(page, 5)
    send(page)
    expect(page.locator("[data-queue-list] > li")).to_have_count(1)

    network.is_cut = False
    send_now(page)
    expect(page.locator("[data-state=sent]")).to_have_count(1)
    assert opened(portal, words) == []
    assert [count for _code, count in opened(portal, changed)] == [1]


def test_what_is_looked_at_only_goes_on_waiting(network: Network, phone: Callable[..., Page]) -> None:
    page = phone()
    keep(page, FORM)
    network.cut()
    write(page, f"{WORDS} چهار", [])
    send(page).locator("[data-edit]").click()
    expect(page.locator("[data-step='5'] h1")).to_be_visible()
    page.goto("/queue")
    expect(page.locator("[data-state=waits]")).to_have_count(1)


def test_an_answer_that_was_lost_is_asked_for_again(
    portal: Portal, chromium: Browser, sessions: Callable[[str], Any], pictures: list[Path]
) -> None:
    """The page itself sends the form; the portal has it, the browser does not know."""
    host, _colon, port = portal.address.removeprefix("http://").partition(":")
    network = BreakingNetwork((host, int(port)), lambda _cut: network.cut())
    threading.Thread(target=network.serve_forever, daemon=True).start()
    browsers = Browsers(chromium, network.address, sessions)
    page = browsers.open("citizen", PHONE)
    keep(page, FORM)
    words = f"{WORDS} پنج"
    write(page, words, pictures)
    expect(page.locator("[data-photo] input[name=photo_key]")).to_have_count(2)
    network.expect(Cut("arrived"))
    card = send(page)
    expect(card).to_have_attribute("data-state", "waits")
    assert len(opened(portal, words)) == 1

    network.is_cut = False
    send_now(page)
    expect(card).to_have_attribute("data-state", "sent")
    ((code, count),) = opened(portal, words)
    assert count == 2
    expect(card.locator("[data-see]")).to_have_attribute("href", f"/reports/sent/{code}")
    browsers.end()
    network.cut()
    network.shutdown()
    network.server_close()


def test_a_picture_that_did_not_arrive_goes_with_the_form(
    portal: Portal, phone: Callable[..., Page], pictures: list[Path]
) -> None:
    """The network is back when the form is sent: the queue sends it at once, with the picture."""
    page = phone()
    keep(page, FORM)
    words = f"{WORDS} شش"
    page.route("**/uploads", lambda route: route.abort())
    write(page, words, pictures)
    card = send(page)
    expect(card).to_have_attribute("data-state", "sent")
    assert [count for _code, count in opened(portal, words)] == [2]


def test_a_browser_that_knows_of_no_network_queues_and_sends_when_it_is_back(
    portal: Portal, phone: Callable[..., Page]
) -> None:
    page = phone()
    keep(page, FORM)
    words = f"{WORDS} هفت"
    write(page, words, [])
    page.context.set_offline(True)
    expect(page.locator("[data-queue-status]")).to_contain_text("خودش ارسال می‌شود")
    card = send(page)
    expect(card).to_have_attribute("data-state", "waits")
    page.context.set_offline(False)
    expect(card).to_have_attribute("data-state", "sent")
    assert len(opened(portal, words)) == 1


def test_a_field_that_is_refused_is_asked_for_in_the_form(
    network: Network, portal: Portal, phone: Callable[..., Page]
) -> None:
    page = phone()
    words = f"{WORDS} هشت"
    card = write_without_network(page, network, words, [])
    with portal.site.work() as work:
        category = work.session.scalars(select(Category).where(Category.name == wizard.CATEGORY)).one()
        category.active = False
    try:
        network.is_cut = False
        send_now(page)
        expect(card).to_have_attribute("data-state", "needs")
        page.goto("/")
        expect(page.locator("[data-queue-line]")).to_contain_text("اقدام شما")
        page.goto("/queue")
        card.locator("[data-edit]").click()
        expect(page.locator("[data-step='1'] .err").filter(visible=True)).to_have_count(1)
        page.locator("label.choice", has_text=wizard.ROOT).first.click()
        page.locator("[data-category-leaves]:not([hidden]) label.choice").first.click()
        expect(page.locator("[data-step='1'] .err").filter(visible=True)).to_have_count(0)
        proceed(page, 2)
        wizard.pass_place(page)
        proceed(page, 5)
        wizard.send(page)
    finally:
        with portal.site.work() as work:
            work.session.get_one(Category, category.id).active = True
    assert len(opened(portal, words)) == 1
    page.goto("/queue")
    expect(page.locator("[data-queue-empty]")).to_be_visible()


def test_an_entry_belongs_to_its_owner(network: Network, portal: Portal, phone: Callable[..., Page]) -> None:
    page = phone()
    words = f"{WORDS} نه"
    write_without_network(page, network, words, [])
    network.is_cut = False
    page.context.clear_cookies()
    sign_in_citizen(page, CITIZENS["neighbour"])
    page.goto("/queue")
    card = page.locator("[data-queue-list] > li")
    expect(card).to_have_attribute("data-state", "other")
    expect(card).not_to_contain_text(words)
    expect(card.locator("[data-edit]")).to_be_hidden()
    assert opened(portal, words) == []
    page.context.clear_cookies()
    sign_in_citizen(page, CITIZENS["citizen"])
    page.goto("/queue")
    expect(card).to_have_attribute("data-state", "sent")
    assert len(opened(portal, words)) == 1


def test_what_a_visitor_wrote_is_asked_about_after_the_sign_in(
    network: Network, portal: Portal, phone: Callable[..., Page], pictures: list[Path]
) -> None:
    page = phone(VISITOR)
    words = f"{WORDS} ده"
    card = write_without_network(page, network, words, pictures)
    expect(card).to_have_attribute("data-state", "sign-in")
    network.is_cut = False
    sign_in_citizen(page, "09000000014")
    page.goto("/queue")
    expect(card).to_have_attribute("data-state", "whose")
    assert opened(portal, words) == []
    card.locator("[data-claim]").click()
    expect(card).to_have_attribute("data-state", "sent")
    assert [count for _code, count in opened(portal, words)] == [2]


def test_the_queue_spoils_no_form_that_a_visitor_opens_meanwhile(
    network: Network, phone: Callable[..., Page], pictures: list[Path]
) -> None:
    page = phone(VISITOR)
    card = write_without_network(page, network, f"{WORDS} سیزده", pictures)
    page.context.clear_cookies()
    network.held = b"GET /queue/session "
    network.is_cut = False
    send_now(page)
    assert network.arrived.wait(ARRIVAL)
    # Asked without a session, and answered after the form has come with one.
    page.goto("/login")
    network.released.set()
    assert network.answered.wait(ARRIVAL)
    page.wait_for_load_state("networkidle")
    enter_mobile(page, "09000000015")
    page.wait_for_url("**/my")
    page.goto("/queue")
    expect(card).to_have_attribute("data-state", "whose")


def test_a_visitor_opens_it_and_the_code_sends_it(
    network: Network, portal: Portal, phone: Callable[..., Page], pictures: list[Path]
) -> None:
    page = phone(VISITOR)
    words = f"{WORDS} یازده"
    card = write_without_network(page, network, words, pictures)
    network.is_cut = False
    card.locator("[data-edit]").click()
    expect(page.locator("[data-review-photos] img")).to_have_count(2)
    # A picture that a busy server did not take is sent again by its button.
    sent, again = "[data-photo] input[name=photo_key]", page.locator("[data-photo-again]")
    expect(page.locator(f"{sent}, [data-photo-again]")).to_have_count(2)
    for button in again.all():
        button.dispatch_event("click")
    expect(page.locator(sent)).to_have_count(2)
    page.locator(wizard.NEXT).click()
    page.wait_for_url("**/login?**")
    enter_mobile(page, "09000000022")
    wizard.sent(page)
    assert [count for _code, count in opened(portal, words)] == [2]
    page.goto("/queue")
    expect(page.locator("[data-queue-empty]")).to_be_visible()


def test_a_browser_without_a_store_says_so_and_keeps_the_draft(phone: Callable[..., Page]) -> None:
    page = phone()
    page.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined })")
    page.goto("/")
    write(page, WORDS, [])
    page.context.set_offline(True)
    page.locator(wizard.NEXT).click()
    expect(page.locator("[data-queue-status]")).to_contain_text("مرورگر")
    expect(page.locator("[data-step='5']")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).some((key) => key.startsWith('draft:reports:'))")


def test_personal_data_in_the_text_are_asked_about_at_the_entry(
    network: Network, portal: Portal, phone: Callable[..., Page]
) -> None:
    """A person reads the warning at the entry; sent as it is, or sent once more in the form, it is accepted."""
    for words, way in ((f"{WORDS} شمارهٔ من ۰۹۱۲۳۴۵۶۷۸۹", "again"), (f"{WORDS} تلفن ۰۹۱۲۳۴۵۶۷۸۸", "edit")):
        page = phone()
        card = write_without_network(page, network, words, [])
        network.is_cut = False
        send_now(page)
        expect(card).to_have_attribute("data-state", "needs")
        expect(card.locator("[data-told]")).to_contain_text("همه")
        assert not opened(portal, words)
        if way == "again":
            card.locator("[data-again]").click()
            expect(card).to_have_attribute("data-state", "sent")
        else:
            card.locator("[data-edit]").click()
            expect(page.locator("[name=body]")).to_have_value(words)
            expect(page.locator(".err:has([name=noticed])")).to_be_visible()
            expect(page.locator("[name=noticed]")).to_have_count(1)
            proceed(page, 5)
            page.locator(wizard.NEXT).click()
            page.wait_for_url("**/reports/sent/*")
        assert len(opened(portal, words)) == 1


DRAFT_HAS = """async number => {
    const opened = indexedDB.open('queue');
    const db = await new Promise((done) => { opened.onsuccess = () => done(opened.result); });
    const reading = db.transaction('drafts').objectStore('drafts').getAll();
    const drafts = await new Promise((done) => { reading.onsuccess = () => done(reading.result); });
    db.close();
    return drafts.flat().length === number;
}"""
FILL = """async () => {
    const opened = indexedDB.open('filler');
    opened.onupgradeneeded = () => opened.result.createObjectStore('filler', { autoIncrement: true });
    await new Promise((done) => { opened.onsuccess = done; });
    for (let size = 4194304; size >= 512;) {
        const bytes = new Uint8Array(size);
        for (let at = 0; at < size; at += 65536) { crypto.getRandomValues(bytes.subarray(at, at + 65536)); }
        const writing = opened.result.transaction('filler', 'readwrite');
        writing.objectStore('filler').add(bytes);
        const fits = await new Promise((done) => {
            writing.oncomplete = () => done(true);
            writing.onabort = () => done(false);
        });
        size = fits ? size : size / 2;
    }
}"""
"""Write until the storage of the portal's address is full."""


def test_a_full_device_says_so_and_keeps_what_was_written(
    network: Network, phone: Callable[..., Page], tmp_path: Path
) -> None:
    page = phone()
    storage = page.context.new_cdp_session(page)
    storage.send("Storage.overrideQuotaForOrigin", {"origin": network.address, "quotaSize": 40 * 2**20})
    keep(page, FORM)
    network.cut()
    write(page, WORDS, [])
    page.wait_for_function("words => JSON.stringify(localStorage).includes(words)", arg=WORDS)
    page.evaluate(FILL)
    page.locator(wizard.NEXT).click()
    expect(page.locator("[data-queue-status]")).to_contain_text("حافظهٔ این دستگاه پر است")
    expect(page.locator("[name=body]")).to_have_value(WORDS)
    assert WORDS in page.evaluate("JSON.stringify(localStorage)")
    page.reload()
    expect(page.locator("[name=body]")).to_have_value(WORDS)


def test_the_browser_sends_by_itself_when_no_page_is_open(
    network: Network, portal: Portal, phone: Callable[..., Page]
) -> None:
    """Chromium fires the event of Background Sync, which no page of the portal could do."""
    page = phone()
    words = f"{WORDS} بی‌صفحه"
    write_without_network(page, network, words, [])
    page.goto("about:blank")
    network.is_cut = False
    assert not opened(portal, words)
    workers = page.context.new_cdp_session(page)
    found: list[dict[str, str]] = []
    workers.on("ServiceWorker.workerRegistrationUpdated", lambda told: found.extend(told["registrations"]))
    workers.send("ServiceWorker.enable")
    wait_until(
        lambda: page.evaluate("1") and any(one["scopeURL"].startswith(network.address) for one in found)
    )
    [registration] = [one for one in found if one["scopeURL"].startswith(network.address)][:1]
    fired = {"origin": network.address, "registrationId": registration["registrationId"]}
    workers.send("ServiceWorker.dispatchSyncEvent", {**fired, "tag": "queue", "lastChance": False})
    wait_until(lambda: len(opened(portal, words)) == 1)


def test_pictures_that_were_not_sent_come_back_with_the_draft(
    network: Network, portal: Portal, phone: Callable[..., Page], tmp_path: Path
) -> None:
    page = phone()
    keep(page, FORM)
    network.cut()
    write(page, WORDS, [wizard.photo(tmp_path, "hole.jpg")])
    expect(page.locator("[data-photo-again]")).to_have_count(1)
    page.wait_for_function(DRAFT_HAS, arg=1)
    page.goto("/")
    page.goto("/reports/new")
    expect(page.locator("[data-photo]")).to_have_count(1)
    expect(page.locator("[name=body]")).to_have_value(WORDS)
    network.is_cut = False
    page.goto("/reports/new")
    # It is sent at once, and is a part of the draft like every other one.
    expect(page.locator("[data-photo] input[name=photo_key]")).to_have_count(1)
    page.wait_for_function(DRAFT_HAS, arg=0)
    page.reload()
    expect(page.locator("[data-photo] input[name=photo_key]")).to_have_count(1)
