"""A contractor answers by a link on a telephone, with a network and without one, and the officer confirms."""

from collections.abc import Callable
from pathlib import Path

import pytest
from browser.network import Network
from browser.people import DESKTOP, PHONE, VISITOR
from browser.samples import jobs, who
from browser.wizard import photo
from playwright.sync_api import Page, expect
from portal import Portal
from sqlalchemy import select

from civicportal.domain.cases.models import CONTRACTED, Attachment, Case, CaseEvent
from civicportal.domain.cases.services import CaseService

pytestmark = pytest.mark.browser

WAIT_FOR_PAGE = """async path => {
    for (let turn = 0; turn < 600; turn += 1) {
        const pages = await caches.has('pages') ? await caches.open('pages') : null;
        if (pages && await pages.match(path, { ignoreVary: true })) { return; }
        await new Promise(again => setTimeout(again, 50));
    }
    throw new Error(`${path}: not kept`);
}"""


def make_link(page: Page, code: str) -> str:
    """Make a link in the browser of an officer, and return its path."""
    page.goto(f"/kartable/cases/{code}")
    page.locator("a[href$='/contractor']").click()
    page.locator("#name").fill("پیمانکاری نمونه")
    page.locator("main form button.btn-primary").click()
    address = page.locator("#link").input_value()
    return address[address.index("/job/") :]


def take_pictures(page: Page, name: str, path: Path, *, sent: bool = True) -> None:
    """Choose a picture, and wait until it was sent or was tried to be sent."""
    field = page.locator(f"[data-photos][data-name={name}]")
    field.locator("[data-photo-input]").set_input_files(path)
    expect(field.locator(f"input[name={name}]" if sent else "[data-photo-again]")).to_have_count(1)


def said(portal: Portal, code: str) -> list[tuple[str, int]]:
    """Return the answers of contractors with the number of their pictures."""
    with portal.site.work(write=False) as work:
        query = select(CaseEvent).join(Case, Case.id == CaseEvent.case_id)
        events = work.session.scalars(query.where(Case.code == code, CaseEvent.type == CONTRACTED)).all()
        of_event = select(Attachment.id).where(Attachment.event_id.in_([event.id for event in events]))
        pictures = len(work.session.scalars(of_event).all())
        return [(str(event.data["outcome"]), pictures) for event in events]


def test_done_with_pictures_and_confirmed(
    open_page: Callable[..., Page], portal: Portal, code: str, tmp_path: Path
) -> None:
    officer = open_page("handler", DESKTOP)
    link = make_link(officer, code)
    phone = open_page(VISITOR, PHONE)
    phone.context.grant_permissions(["geolocation"])
    phone.context.set_geolocation({"latitude": 35.7, "longitude": 51.4})
    phone.goto(link)
    phone.locator("[data-device]").check()
    take_pictures(phone, "before", photo(tmp_path, "before.jpg"))
    take_pictures(phone, "after", photo(tmp_path, "after.jpg"))
    expect(phone.locator("[name=device_place]")).to_have_value("35.700000,51.400000")
    phone.locator("[name=outcome][value=done]").check()
    phone.locator("form[data-on-site] button.btn-primary").click()
    expect(phone.locator("form[data-on-site]")).to_have_count(0)
    assert said(portal, code) == [("done", 2)]

    officer.goto("/kartable")
    officer.locator(f"section.notice a[href='/kartable/cases/{code}']").click()
    expect(officer.locator("[data-contractor-answer]")).to_contain_text("پیمانکاری نمونه")
    expect(officer.locator("[name=proof]")).to_be_checked()
    officer.locator("[data-step-form] [name=then][value=stay]").click()
    expect(officer.locator("[data-contractor-answer]")).to_have_count(0)
    with portal.site.work(write=False) as work:
        case = work.get(CaseService).fetch(code)
        assert case.stage == "done"
        after = select(Attachment.audience).where(
            Attachment.case_id == case.id, Attachment.purpose == "after"
        )
        assert list(work.session.scalars(after)) == ["citizen"]


def test_an_answer_without_a_network_is_sent_when_it_is_back(
    phone: Callable[..., Page], network: Network, portal: Portal, tmp_path: Path
) -> None:
    with portal.site.work() as work:
        people = who(work, "neighbour"), who(work, "handler")
    found = jobs(portal, *people)
    link = f"/job/{found['job']}"
    page = phone(VISITOR)
    page.goto(link)
    page.evaluate(WAIT_FOR_PAGE, link)
    page.wait_for_load_state("networkidle")
    network.cut()
    page.goto(link)
    expect(page.locator("[data-kept-time]")).to_be_visible()
    take_pictures(page, "before", photo(tmp_path, "before.jpg"), sent=False)
    page.locator("[name=outcome][value=cannot]").check()
    page.locator("[name=note]").fill("خودرویی روی چاله پارک شده است.")
    page.locator("form[data-on-site] button.btn-primary").click()
    card = page.locator("[data-queue-list] > li")
    expect(card).to_have_attribute("data-state", "waits")

    # What waits can be changed, with its picture at its own field.
    card.locator("[data-edit]").click()
    expect(page.locator("[data-name=before] [data-photo]")).to_have_count(1)
    expect(page.locator("[data-name=after] [data-photo]")).to_have_count(0)
    expect(page.locator("[name=note]")).to_have_value("خودرویی روی چاله پارک شده است.")
    expect(page.locator("[data-photo-again]")).to_have_count(1)
    page.locator("form[data-on-site] button.btn-primary").click()
    expect(card).to_have_attribute("data-state", "waits")

    network.is_cut = False
    page.locator("[data-queue-send]").dispatch_event("click")
    expect(card).to_have_attribute("data-state", "sent")
    with portal.site.work(write=False) as work:
        events = work.session.scalars(select(CaseEvent).where(CaseEvent.type == CONTRACTED)).all()
        assert [event.data["outcome"] for event in events if "خودرویی" in event.internal_text] == ["cannot"]


def test_a_link_that_has_ended_is_not_kept(
    phone: Callable[..., Page], network: Network, portal: Portal
) -> None:
    with portal.site.work() as work:
        people = who(work, "neighbour"), who(work, "handler")
    found = jobs(portal, *people)
    link = f"/job/{found['answered_job']}"
    page = phone(VISITOR)
    page.goto(link)
    page.evaluate(WAIT_FOR_PAGE, link)
    with portal.site.work(actor=people[1]) as work:
        cases = work.get(CaseService)
        case = cases.fetch(found["answered"], lock=True)
        step = cases.finishing_step(case)
        assert step
        cases.apply(case, step.name, public_text="انجام شد.")
    page.goto(link)
    expect(page.locator("h1")).to_contain_text("باز نمی‌شود")
    page.wait_for_load_state("networkidle")
    network.cut()
    page.goto(link)
    expect(page.locator("form[data-on-site]")).to_have_count(0)
    expect(page.locator("[data-kept-time]")).to_be_hidden()
