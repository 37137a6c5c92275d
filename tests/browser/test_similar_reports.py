"""The step of the report form that shows similar reports near the place."""

import pytest
from browser import wizard
from browser.conftest import Open
from browser.people import DESKTOP, PHONE, Screen
from browser.wizard import proceed, step
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
CARD = "[data-near]"


@pytest.fixture
def reported(open_page: Open) -> None:
    """Send a report at the place to which one arrow key leads."""
    page = open_page("citizen", DESKTOP)
    wizard.fill_in(page, DESKTOP)
    wizard.send(page)


def reach(page: Page) -> None:
    """Choose the same category and place, and go on."""
    page.goto("/reports/new")
    wizard.choose_category(page)
    proceed(page, 2)
    wizard.choose_place(page, DESKTOP)
    proceed(page, 3)


@pytest.mark.usefixtures("reported")
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=lambda size: size.name)
def test_similar_reports_are_a_step_of_their_own(open_page: Open, size: Screen) -> None:
    page = open_page(screen=size)
    reach(page)
    expect(page.locator("[data-wizard-live]")).to_have_text("مرحلهٔ ۳ از ۵: گزارش‌های مشابه")
    expect(step(page, 3).locator("h1")).to_be_focused()
    assert page.url.endswith("#3")
    expect(page.locator(wizard.NEXT)).to_have_text("مورد من متفاوت است")
    card = page.locator(CARD).first
    expect(card).to_contain_text(wizard.CATEGORY)
    expect(card).to_contain_text("متری این نقطه")
    expect(step(page, 3)).not_to_contain_text(wizard.WORDS)
    pins = step(page, 3).locator(".leaflet-marker-pane [role]")
    expect(pins.first).to_be_visible()

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


@pytest.mark.usefixtures("reported")
def test_this_is_it_follows_the_report(open_page: Open) -> None:
    page = open_page("neighbour", PHONE)
    reach(page)
    page.locator(f"{CARD} button").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/my/**")
    expect(page.locator("h1")).to_contain_text(wizard.CATEGORY)


def test_without_similar_reports_the_step_is_skipped(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    page.goto("/reports/new")
    page.locator("[data-category-search]").fill("کرایه")
    page.locator("label.choice:visible", has_text="نرخ کرایهٔ تاکسی").click()
    proceed(page, 2)
    wizard.choose_place(page, DESKTOP)
    proceed(page, 4)
    expect(page.locator("[data-wizard-live]")).to_have_text("مرحلهٔ ۳ از ۴: شرح و عکس")
    page.locator("[data-prev]").click()
    expect(step(page, 2)).to_be_visible()
