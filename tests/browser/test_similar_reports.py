"""The step of the report form that shows similar reports near the place."""

import pytest
from browser import wizard
from browser.conftest import Open
from browser.people import DESKTOP, PHONE, Screen
from browser.samples import send_report, who
from browser.wizard import proceed, step
from civicportal_reports.models import Report
from playwright.sync_api import Page, expect
from portal import Portal

from civicportal.domain.cases.services import CaseService

pytestmark = pytest.mark.browser
CARD = "[data-near]"
Place = dict[str, float]


@pytest.fixture
def place(portal: Portal) -> Place:
    """Return the place of a published report with a picture, as a phone knows it."""
    with portal.site.work() as work:
        citizen, officer = who(work, "citizen"), who(work, "handler")
    code = send_report(portal, citizen)
    with portal.site.work(actor=officer) as work:
        case = work.get(CaseService).fetch(code, "work", lock=True)
        work.get(CaseService).publish(case, True)
        report = work.session.get_one(Report, case.id)
        return {"latitude": report.lat, "longitude": report.lon}


def reach(page: Page) -> None:
    """Choose the same category and place, and go on."""
    page.goto("/reports/new")
    wizard.choose_category(page)
    proceed(page, 2)
    page.locator("[data-locate]").click()
    expect(page.locator("[data-place-name]")).to_be_visible()
    proceed(page, 3)


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=lambda size: size.name)
def test_similar_reports_are_a_step_of_their_own(open_page: Open, size: Screen, place: Place) -> None:
    page = open_page(screen=size, geolocation=place, permissions=["geolocation"])
    reach(page)
    expect(page.locator("[data-wizard-live]")).to_have_text("مرحلهٔ ۳ از ۵: مشابه‌ها")
    expect(step(page, 3).locator("h1")).to_be_focused()
    assert page.url.endswith("#3")
    expect(page.locator(wizard.NEXT)).to_have_text("مورد من متفاوت است")
    card = page.locator(CARD).first
    expect(card).to_contain_text(wizard.CATEGORY)
    expect(card).to_contain_text(wizard.WORDS)
    expect(card).to_contain_text("در همین نقطه")
    expect(card).to_contain_text("شهروند پیگیر")
    expect(card.locator("img")).to_be_visible()
    expect(step(page, 3).locator(".leaflet-marker-pane [role]").first).to_be_visible()

    last = page.locator(f"{CARD} button").last
    last.focus()
    bar = page.locator(".actions-bar").bounding_box()
    box = last.bounding_box()
    assert bar
    assert box
    assert box["y"] + box["height"] <= bar["y"], "the bar covers the button in focus"

    page.locator(wizard.NEXT).focus()
    page.keyboard.press("Enter")
    expect(step(page, 4)).to_be_visible()
    page.locator("[data-prev]").click()
    expect(step(page, 3)).to_be_visible()
    page.go_back()
    page.go_back()
    page.go_back()
    expect(step(page, 2)).to_be_visible()


def test_this_is_it_follows_the_report_and_takes_a_note(open_page: Open, place: Place) -> None:
    page = open_page("neighbour", PHONE, geolocation=place, permissions=["geolocation"])
    reach(page)
    page.locator(f"{CARD} button").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/my/followed/*")
    expect(page.locator("h1")).to_contain_text(wizard.CATEGORY)
    page.locator("#note [name=words]").fill("امروز بزرگ‌تر شده است.")
    page.locator("#note button.btn-primary").click()
    expect(page.locator("ol.tl")).to_contain_text("امروز بزرگ‌تر شده است.")


def test_without_similar_reports_the_step_is_skipped(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    page.goto("/reports/new")
    page.locator("[data-category-search]").fill("کرایه")
    page.locator("label.choice:visible", has_text="نرخ کرایهٔ تاکسی").click()
    proceed(page, 2)
    wizard.choose_place(page, DESKTOP)
    proceed(page, 4)
    expect(page.locator("[data-wizard-live]")).to_have_text("مرحلهٔ ۳ از ۴: شرح")
    page.locator("[data-prev]").click()
    expect(step(page, 2)).to_be_visible()
