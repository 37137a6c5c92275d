"""A feedback message from submission to rating."""

import re
from collections.abc import Callable

import pytest
from browser import desk, follow_up
from browser.conftest import Open
from browser.network import Network, keep
from browser.people import CITIZENS, DESKTOP, PHONE, Screen, messages, wait_for_message
from playwright.sync_api import Locator, Page, expect
from portal import Portal
from sqlalchemy import select

from civicportal.domain.cases.models import Case
from civicportal.domain.notifications.models import OutboxMessage

pytestmark = pytest.mark.browser
UNIT = "معاونت خدمات شهری"
WORDS = "پیشنهاد می‌کنم در بوستان‌ها آب‌خوری ویژهٔ کودکان نصب شود."
OPINION = "برای شش بوستان بودجه گذاشته شده است."
READY = "سپاس از پیشنهاد"
ANSWER = "آب‌خوری کودکان در شش بوستان نصب می‌شود."
SEND = "main form button.btn-primary"
LEDGER = ["feedback.registered", "feedback.answered"]


def choose(page: Page, name: str, value: str) -> None:
    """Choose a card."""
    page.locator("label", has=page.locator(f"[name={name}][value={value}]")).click()


def write(page: Page, *, anonymous: bool = False) -> str:
    """Write a message, send it and return its tracking code."""
    page.goto("/feedback/new")
    choose(page, "type", "suggestion")
    page.locator("[name=unit]").select_option(label=UNIT)
    page.locator("[name=body]").fill(WORDS)
    if anonymous:
        choose(page, "sender", "anonymous")
    page.locator(SEND).click()
    expect(page.locator("[data-draft-done=feedback]")).to_be_visible()
    page.wait_for_load_state()
    return str(page.locator(".codes [data-copy]").first.get_attribute("data-copy"))


def ask_unit(page: Page, note: str) -> None:
    """Ask the unit for its opinion."""
    panel = desk.open_tab(page, "refer")
    panel.locator("[name=unit]").select_option(label=UNIT)
    panel.locator("[name=note]").fill(note)
    panel.locator("[formaction$='/inquire']").click()
    expect(page.locator(desk.TOAST).first).to_be_visible()


def insert(panel: Locator, title: str) -> str:
    """Take over a ready text and return the answer as it stands then."""
    panel.locator("[data-ready] select").select_option(label=title)
    return panel.locator("[name=public_text]").input_value()


def test_a_message_from_its_sender_to_its_rating(portal: Portal, open_page: Open) -> None:
    citizen = open_page("citizen", PHONE)
    code = write(citizen)

    officer = open_page("public_relations")
    officer.goto("/desk/feedback?words=کودکان&stage=registered")
    officer.locator(f"a.subj[href='/kartable/cases/{code}']").click()
    ask_unit(officer, "آیا بودجهٔ آن هست؟")

    unit = open_page("services")
    unit.goto("/kartable?view=new&sort=newest")
    unit.locator(f"a[href='/kartable/cases/{code}']").click()
    reply = unit.locator("form[action$='/reply']")
    reply.locator("[name=text]").fill(OPINION)
    reply.locator("button").click()
    expect(unit.locator(desk.TOAST).first).to_be_visible()

    desk.open_case(officer, code)
    told = desk.preview(officer, "answer")
    panel = desk.choose_step(officer, "answer")
    assert insert(panel, UNIT) == OPINION
    panel.locator("[name=public_text]").fill(ANSWER)
    text = insert(panel, READY)
    assert text.startswith(f"{ANSWER}\n")
    assert "{" not in text
    seen = messages(officer, CITIZENS["citizen"])
    panel.locator("[name=then][value=stay]").click()
    expect(officer.locator(".page-h .pill").first).to_have_text("پاسخ داده‌شده")

    portal.release_notices()
    assert wait_for_message(citizen, CITIZENS["citizen"], told[:20], seen=seen) == told
    citizen.goto(f"/my/{code}")
    expect(citizen.locator("main")).to_contain_text(ANSWER)
    expect(citizen.locator("main")).not_to_contain_text(OPINION)
    citizen.locator("#rating label", has=citizen.locator("[value='4']")).click()
    citizen.locator("#rating button.btn-primary").click()
    expect(citizen.locator("#rating .notice.good")).to_be_visible()
    assert _ledger(portal, code) == LEDGER


def test_an_anonymous_message_is_answered_to_holders_of_code_and_pin(portal: Portal, open_page: Open) -> None:
    visitor = open_page(screen=PHONE)
    code = write(visitor, anonymous=True)
    pin = visitor.locator(".codes [data-copy]").nth(1).get_attribute("data-copy")
    assert pin
    assert re.fullmatch(r"\d{4}", pin)

    officer = open_page("public_relations")
    desk.open_case(officer, code)
    panel = desk.choose_step(officer, "answer")
    expect(panel.locator("[data-preview] .sms")).to_have_count(0)
    desk.take_step(officer, "answer", ANSWER)

    follow_up.track(visitor, code, pin)
    expect(visitor.locator("main")).to_contain_text(ANSWER)
    expect(visitor.locator("#rating")).to_have_count(0)
    assert _ledger(portal, code) == []


@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=lambda screen: screen.name)
def test_without_a_script_too(open_page: Open, screen: Screen) -> None:
    visitor = open_page(screen=screen, java_script_enabled=False)
    write(visitor, anonymous=True)
    expect(visitor.locator(".codes .trk")).to_have_count(2)


def _ledger(portal: Portal, code: str) -> list[str]:
    """Return the messages of a case in the order in which they were promised."""
    with portal.site.work(write=False) as work:
        query = (
            select(OutboxMessage.kind)
            .join(Case, Case.id == OutboxMessage.case_id)
            .where(Case.code == code)
            .order_by(OutboxMessage.id)
        )
        return list(work.session.scalars(query))


def written(portal: Portal, words: str) -> list[int | None]:
    """Return the citizens of the messages with these words."""
    with portal.site.work(write=False) as work:
        return list(work.session.scalars(select(Case.citizen_id).where(Case.body == words)))


def fill(page: Page, words: str) -> None:
    """Fill in a new message."""
    page.goto("/feedback/new")
    choose(page, "type", "suggestion")
    page.locator("[name=body]").fill(words)


def test_a_message_written_without_a_network_sends_itself_once(
    network: Network, portal: Portal, phone: Callable[..., Page]
) -> None:
    page, words = phone(), f"{WORDS} پنج"
    keep(page, "/feedback/new")
    network.cut()
    fill(page, words)
    page.locator(SEND).click()
    page.wait_for_url("**/queue#*")
    card = page.locator("[data-queue-list] > li")
    expect(card).to_contain_text(words)
    assert written(portal, words) == []
    network.is_cut = False
    page.reload()
    expect(page.locator("[data-state=sent] [data-see]")).to_have_count(1)
    assert len(written(portal, words)) == 1


def test_a_message_without_a_name_waits_for_no_network(
    network: Network, portal: Portal, phone: Callable[..., Page]
) -> None:
    """Its PIN is shown once, so the form stays with what was written, also if the message had waited under a name."""
    page, words = phone(), f"{WORDS} شش"
    keep(page, "/feedback/new")
    network.cut()
    fill(page, words)
    status = page.locator("[data-queue-status]")
    expect(status).to_contain_text("در این دستگاه می‌ماند")
    choose(page, "sender", "anonymous")
    expect(status).to_contain_text("رمز")
    page.locator(SEND).click()
    expect(page.locator("[name=body]")).to_have_value(words)
    choose(page, "sender", "named")
    page.locator(SEND).click()
    page.wait_for_url("**/queue#*")

    page.locator("[data-edit]").click()
    expect(page.locator("[name=body]")).to_have_value(words)
    choose(page, "sender", "anonymous")
    network.is_cut = False
    page.locator(SEND).click()
    expect(page.locator("[data-draft-done=feedback] [data-copy]")).to_have_count(2)
    assert written(portal, words) == [None]
    page.goto("/queue")
    expect(page.locator("[data-queue-empty]")).to_be_visible()
