"""Field work on a telephone: a report is finished in three taps, with a network and without one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from browser.network import Network
from browser.samples import send_report, split_case, who
from browser.wizard import photo
from playwright.sync_api import Page, expect
from portal import Portal
from sqlalchemy import func, select

from civicportal.domain.cases.models import Attachment, Case
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.jobs import JobService

pytestmark = pytest.mark.browser
LIST = "/desk/reports/field"

WAIT_FOR_PAGES = """async paths => {
    for (let turn = 0; turn < 600; turn += 1) {
        const pages = await caches.has('pages') ? await caches.open('pages') : null;
        const kept = pages ? await Promise.all(paths.map(path => pages.match(path, { ignoreVary: true }))) : [];
        if (kept.length && kept.every(Boolean)) { return; }
        await new Promise(again => setTimeout(again, 50));
    }
    throw new Error(`${paths}: not kept`);
}"""


@pytest.fixture
def code(portal: Portal) -> str:
    """Return a new report in the kartable of the roads; it is the first to be urgent."""
    with portal.site.work() as work:
        neighbour = who(work, "neighbour")
    code = send_report(portal, neighbour)
    with portal.site.work() as work:
        work.get(CaseService).fetch(code).urgent = True
    return code


def state_of(portal: Portal, code: str) -> tuple[str, int]:
    """Return the status of a case, and the number of its pictures after the work."""
    with portal.site.work(write=False) as work:
        after = select(func.count()).where(Attachment.case_id == Case.id, Attachment.purpose == "after")
        query = select(Case.status, after.scalar_subquery()).where(Case.code == code)
        status, pictures = work.session.execute(query).one()
        return status, pictures


def take_picture(page: Page, path: Path) -> None:
    """Press the camera's button, and take a picture."""
    with page.expect_file_chooser() as chooser:
        page.locator("[data-camera]").click()
    chooser.value.set_files(path)
    expect(page.locator("form [data-photo]")).to_have_count(1)


def test_done_in_three_taps(phone: Callable[..., Page], portal: Portal, code: str, tmp_path: Path) -> None:
    page = phone("handler")
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"latitude": 35.7, "longitude": 51.4})
    page.goto("/kartable")
    page.locator(f"main a[href='{LIST}']").click()
    page.locator(f"a[href='{LIST}/{code}']").click()
    page.wait_for_url(f"**{LIST}/{code}")
    take_picture(page, photo(tmp_path, "after.jpg"))
    expect(page.locator("[data-photo] input[name=photo_key]")).to_have_count(1)
    page.locator(".field-done").click()
    page.wait_for_url(f"**{LIST}")
    assert state_of(portal, code) == ("reviewed", 1)


def test_time_and_position_are_noted_if_the_person_wants_it(
    phone: Callable[..., Page], portal: Portal, code: str, tmp_path: Path
) -> None:
    page = phone("handler")
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"latitude": 35.7, "longitude": 51.4})
    page.goto(f"{LIST}/{code}")
    page.locator("[data-device]").check()
    take_picture(page, photo(tmp_path, "after.jpg"))
    expect(page.locator("[name=device_place]")).to_have_value("35.700000,51.400000")
    expect(page.locator("[data-photo] input[name=photo_key]")).to_have_count(1)
    page.locator(".field-done").click()
    page.wait_for_url(f"**{LIST}")
    with portal.site.work(write=False) as work:
        cases = work.get(CaseService)
        event = cases.last_event(cases.fetch(code))
        assert event
        assert "35.70000, 51.40000" in event.internal_text


def test_done_without_a_network_is_sent_when_it_is_back(
    phone: Callable[..., Page], network: Network, portal: Portal, code: str, tmp_path: Path
) -> None:
    page = phone("handler")
    page.goto(LIST)
    page.evaluate(WAIT_FOR_PAGES, [f"{LIST}/{code}"])
    page.goto(LIST)
    page.evaluate(WAIT_FOR_PAGES, [LIST, f"{LIST}/{code}"])
    page.wait_for_load_state("networkidle")
    network.cut()
    page.goto(LIST)
    expect(page.locator("[data-kept-time]")).to_be_visible()
    page.locator(f"a[href='{LIST}/{code}']").click()
    page.wait_for_url(f"**{LIST}/{code}")
    take_picture(page, photo(tmp_path, "after.jpg"))
    # It has tried to send the picture before the form.
    expect(page.locator("[data-photo-again]")).to_have_count(1)
    page.locator(".field-done").click()
    card = page.locator("[data-queue-list] > li")
    expect(card).to_have_attribute("data-state", "waits")
    assert state_of(portal, code) != ("reviewed", 1)

    network.is_cut = False
    page.locator("[data-queue-send]").dispatch_event("click")
    expect(card).to_have_attribute("data-state", "sent")
    assert state_of(portal, code) == ("reviewed", 1)


def test_a_job_is_done_without_a_network(
    phone: Callable[..., Page], network: Network, portal: Portal, tmp_path: Path
) -> None:
    with portal.site.work() as work:
        people = [who(work, role) for role in ("neighbour", "handler")]
    split = split_case(portal, *people)
    code, path = split["split"], f"{LIST}/{split['split']}/jobs/{split['split_job']}"
    with portal.site.work() as work:
        work.get(CaseService).fetch(code).urgent = True
    page = phone("handler")
    page.goto(LIST)
    page.evaluate(WAIT_FOR_PAGES, [path])
    page.goto(LIST)
    page.evaluate(WAIT_FOR_PAGES, [LIST, path])
    page.wait_for_load_state("networkidle")
    network.cut()
    page.goto(LIST)
    page.locator(f"a[href='{path}']").click()
    page.wait_for_url(f"**{path}")
    page.locator("[name=result]").fill("آسفالت ترمیم شد.")
    page.locator(".field-done").click()
    card = page.locator("[data-queue-list] > li")
    expect(card).to_have_attribute("data-state", "waits")

    network.is_cut = False
    page.locator("[data-queue-send]").dispatch_event("click")
    expect(card).to_have_attribute("data-state", "sent")
    with portal.site.work(write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == code)).one()
        job = work.get(JobService).of(case).jobs[0]
        assert (job.state, job.result) == ("done", "آسفالت ترمیم شد.")


def test_a_report_changed_meanwhile_is_asked_about_at_its_entry(
    phone: Callable[..., Page], network: Network, portal: Portal, code: str, tmp_path: Path
) -> None:
    page = phone("handler")
    page.goto(LIST)
    page.evaluate(WAIT_FOR_PAGES, [f"{LIST}/{code}"])
    page.goto(f"{LIST}/{code}")
    page.wait_for_load_state("networkidle")
    network.cut()
    take_picture(page, photo(tmp_path, "after.jpg"))
    # It has tried to send the picture before the form.
    expect(page.locator("[data-photo-again]")).to_have_count(1)
    page.locator(".field-done").click()
    card = page.locator("[data-queue-list] > li")
    expect(card).to_have_attribute("data-state", "waits")
    with portal.site.work() as work:
        cases = work.get(CaseService)
        cases.mark_urgent(cases.fetch(code, lock=True), False)

    network.is_cut = False
    page.locator("[data-queue-send]").dispatch_event("click")
    expect(card).to_have_attribute("data-state", "needs")
    expect(card).to_contain_text("همکارتان")
    card.locator("[data-edit]").click()
    expect(page.locator("[data-photo] input[name=photo_key]")).to_have_count(1)
    page.locator(".field-done").click()
    page.wait_for_url(f"**{LIST}")
    assert state_of(portal, code) == ("reviewed", 1)
    page.goto("/queue")
    expect(page.locator("[data-queue-empty]")).to_be_visible()


def test_a_ready_text_takes_the_place_of_the_preset_one(
    phone: Callable[..., Page], portal: Portal, code: str
) -> None:
    page = phone("handler")
    page.goto(f"{LIST}/{code}")
    words = page.locator("[name=public_text]")
    first = words.input_value()
    offers = page.locator("[data-ready] option[data-text]")
    text = offers.last.get_attribute("data-text")
    assert text
    assert text != first
    page.locator("[data-ready] select").select_option(offers.last.get_attribute("value"))
    expect(words).to_have_value(text)
    page.locator("[data-ready-undo]").click()
    expect(words).to_have_value(first)
    words.fill("پاسخ خودم.")
    page.locator("[data-ready] select").select_option(offers.last.get_attribute("value"))
    expect(words).to_have_value(f"پاسخ خودم.\n{text}")
