"""Forms in steps: the open step, its URL, screen readers."""

import pytest
from browser import meetings, wizard
from browser.conftest import Open
from browser.people import DESKTOP, PHONE, Screen, persian
from browser.wizard import proceed, step
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser
#: Follows the skip link, until the page has heard of it.
SKIP = """() => new Promise(done => {
    addEventListener('hashchange', () => done());
    document.querySelector("a[href='#main']").click();
})"""


def test_after_a_reload_the_step_that_is_not_filled_in_leads_on(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    meetings.say_why(page)
    proceed(page, 2)
    meetings.say_who(page)
    proceed(page, 3)
    page.wait_for_function("words => JSON.stringify(localStorage).includes(words)", arg=meetings.APPLICANT)
    page.reload()
    # The numbers of a person are in no draft.
    expect(step(page, 2)).to_be_visible()
    expect(page.locator("[name=national_code]")).to_have_value("")
    page.locator("[name=national_code]").fill(persian(meetings.NATIONAL_CODE))
    page.locator("[name=birth_date]").fill(meetings.BIRTH_DATE)
    proceed(page, 3)


def test_back_to_a_step_behind_one_that_was_emptied(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    wizard.fill_in(page, PHONE)
    page.locator("[data-step='5'] a[href='#4']").first.click()
    page.locator("[name=body]").fill("")
    page.go_back()
    expect(step(page, 4)).to_be_visible()
    page.locator("[name=body]").fill(wizard.WORDS)
    proceed(page, 5)


def test_the_skip_link_leaves_the_step(open_page: Open) -> None:
    page = open_page(screen=DESKTOP)
    wizard.fill_in(page, DESKTOP)
    page.evaluate(SKIP)
    assert page.url.endswith("#main")
    expect(step(page, 5)).to_be_visible()
    page.go_back()
    expect(step(page, 5)).to_be_visible()


def test_an_error_of_the_server_leads_to_its_field(open_page: Open) -> None:
    page = open_page("neighbour", DESKTOP)
    wizard.fill_in(page, DESKTOP)
    page.locator("[name=body]").evaluate("field => { field.value = 'چاله'; field.minLength = 0; }")
    page.locator(wizard.NEXT).click()
    expect(page.locator(".err-summary")).to_be_focused()
    page.evaluate("location.hash = '#2'")
    expect(step(page, 2)).to_be_visible()
    page.locator(".err-summary a").click()
    expect(step(page, 4)).to_be_visible()
    expect(page.locator("[name=body]")).to_be_focused()
    page.locator("[name=body]").fill(wizard.WORDS)
    proceed(page, 5)


def test_passing_the_map_chooses_no_place(open_page: Open, screen: Screen) -> None:
    page = open_page(screen=screen)
    page.goto("/reports/new")
    wizard.choose_category(page)
    proceed(page, 2)
    picker = page.locator("[data-map=picker]")
    expect(picker.locator(".leaflet-tile-pane")).to_be_attached()
    picker.focus()
    page.keyboard.press("Tab")
    picker.click()
    page.locator("[data-address] summary").click()
    page.locator("[name=address]").fill(wizard.ADDRESS)
    wizard.pass_place(page)
    expect(page.locator("#picker-lat")).to_have_value("")
    page.go_back()
    expect(step(page, 2)).to_be_visible()
    expect(page.locator("#picker-lat")).to_have_value("")


def test_the_place_stays_while_its_step_comes_and_goes(open_page: Open, screen: Screen) -> None:
    page = open_page(screen=screen)
    page.goto("/reports/new")
    wizard.choose_category(page)
    proceed(page, 2)
    wizard.choose_place(page, screen)
    place = point(page)
    wizard.pass_place(page)
    page.locator("[name=body]").fill(wizard.WORDS)
    proceed(page, 5)
    assert point(page) == place
    page.wait_for_function("words => JSON.stringify(localStorage).includes(words)", arg=wizard.WORDS)
    page.goto("/track")
    page.goto("/reports/new#5")
    expect(step(page, 5)).to_be_visible()
    page.locator("[data-step='5'] a[href='#2']").click()
    expect(step(page, 2)).to_be_visible()
    expect(page.locator("[data-place-name]")).to_be_visible()
    assert point(page) == place


def described_by(field: Locator) -> str:
    """Return what a reader of the screen says beside a field."""
    said = field.evaluate(
        """field => field.getAttribute('aria-describedby').split(' ').map(id => document.getElementById(id).textContent.trim())"""
    )
    return " ".join(said)


def test_what_is_wrong_is_read_out_with_its_field(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    page.goto("/meetings/new")
    subject = page.locator("[name=subject]")
    usual = described_by(subject)
    page.locator(wizard.NEXT).click()
    wrong = step(page, 1).locator("[data-error-for=subject]").inner_text().strip()
    expect(subject).to_be_focused()
    assert described_by(subject) == f"{usual} {wrong}"
    subject.fill(meetings.SUBJECT)
    page.locator("[name=reason]").fill(meetings.REASON)
    proceed(page, 2)
    assert described_by(subject) == usual


def test_what_is_wrong_in_a_group_is_read_out_with_the_group(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    page.goto("/reports/new")
    page.locator("label.choice", has_text=wizard.ROOT).first.click()
    page.locator(wizard.NEXT).click()
    wrong = page.locator("[data-error-for=category]").inner_text().strip()
    assert described_by(page.locator("fieldset:has([name=category]):visible")) == wrong


def point(page: Page) -> tuple[str, str]:
    """Return where the pin stands, after what the map has still to do."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.locator("#picker-lat").input_value(), page.locator("#picker-lon").input_value()
