"""The public map of reports: filters, near me, cards beside the map, pins by keyboard, the frame for other sites."""

import re

import pytest
from browser.conftest import Open
from browser.people import DESKTOP, PHONE, VISITOR, Screen
from browser.test_pages import barriers
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
ANSWER = re.compile(r"/reports/map\.json")
PIN = ".leaflet-marker-icon:has(.pin)"
BESIDE = """() => {
    const card = document.querySelector('.leaflet-popup').getBoundingClientRect()
    const buttons = document.querySelector('.leaflet-control-zoom').getBoundingClientRect()
    return card.left >= buttons.right || card.top >= buttons.bottom
}"""
STREET = "خیابان آزادی"


def open_map(page: Page, address: str) -> None:
    """Go to a map and wait for what it shows."""
    with page.expect_response(ANSWER):
        page.goto(address)
    expect(page.locator(".leaflet-container[aria-busy]")).to_have_count(0)


def middle(page: Page) -> dict[str, float]:
    """Return a place with reports around it."""
    cluster = page.request.get("/reports/map.json").json()["clusters"][0]
    return {"latitude": cluster["lat"], "longitude": cluster["lon"]}


def test_list_and_map_stand_beside_each_other_or_take_turns(open_page: Open) -> None:
    page = open_page(VISITOR, DESKTOP)
    open_map(page, "/reports")
    cards, city = page.locator(".board-list").bounding_box(), page.locator(".board-map").bounding_box()
    assert cards
    assert city
    assert abs(cards["y"] - city["y"]) < 2
    expect(page.locator(".pin-key li")).to_have_count(9)
    phone = open_page(VISITOR, PHONE)
    open_map(phone, "/reports")
    expect(phone.locator(".board-list")).to_be_hidden()
    phone.locator(".board-switch a").last.click()
    expect(phone).to_have_url(re.compile("view=list"))
    expect(phone.locator(".board-card").first).to_be_visible()
    expect(phone.locator(".board-map")).to_be_hidden()
    phone.go_back()
    expect(phone.locator(".board-map")).to_be_visible()


def test_a_place_is_found_and_stays_in_the_address(open_page: Open, screen: Screen) -> None:
    page = open_page(VISITOR, screen)
    open_map(page, "/reports")
    field = page.locator("[data-map-search]")
    field.fill("آزاد")
    page.locator("[data-map-results] button").first.click()
    page.wait_for_url(re.compile("place="))
    expect(page.locator(".chipf.on")).to_have_count(1)
    page.locator("select[name=stage]").select_option("open")
    page.locator(".board-fields .btn-primary").click()
    page.wait_for_url(re.compile("stage=open"))
    expect(page.locator(".chipf.on")).to_have_count(2)
    page.go_back()
    expect(page.locator(".chipf.on")).to_have_count(1)
    page.locator(".chipf").last.click()
    expect(page.locator(".chipf")).to_have_count(0)


def test_near_me_asks_when_it_is_pressed(open_page: Open, screen: Screen) -> None:
    place = middle(open_page(VISITOR, screen))
    page = open_page(VISITOR, screen, geolocation=place, permissions=["geolocation"])
    open_map(page, "/reports")
    assert "near" not in page.url
    with page.expect_response(ANSWER):
        page.locator("[data-near-me]").click()
    expect(page).to_have_url(re.compile(r"near=\d+\.\d{3}%2C\d+\.\d{3}&"))
    expect(page.locator(PIN).first).to_be_visible()


def test_a_refused_position_is_said(open_page: Open, screen: Screen) -> None:
    page = open_page(VISITOR, screen, permissions=[])
    open_map(page, "/reports")
    page.locator("[data-near-me]").click()
    expect(page.locator("[data-near-said]")).to_contain_text("موقعیت شما را نداد")
    assert barriers(page) == []


def test_each_pin_is_reached_by_keyboard_and_told_beside_the_buttons(open_page: Open, screen: Screen) -> None:
    place = middle(open_page(VISITOR, screen))
    page = open_page(VISITOR, screen)
    address = f"/reports?near={place['latitude']},{place['longitude']}&within=500"
    open_map(page, address)
    pins = page.locator(PIN)
    expect(pins.first).to_be_visible()
    sizes = pins.evaluate_all("pins => pins.map(pin => [pin.offsetWidth, pin.offsetHeight])")
    assert min(min(size) for size in sizes) >= 24
    # What is cut off by an edge is reached when the map has moved.
    pins = page.locator(f"{PIN}[role=button]")
    expect(pins.first).to_be_visible()
    for number in range(min(pins.count(), 3)):
        open_map(page, address)
        pins.nth(number).focus()
        page.keyboard.press("Enter")
        card = page.locator(".leaflet-popup")
        expect(card.locator("a.btn, p.small").first).to_be_visible()
        # The map moves to make room for it.
        page.wait_for_function(BESIDE)


def test_without_a_script_the_form_and_the_cards_work(open_page: Open, screen: Screen) -> None:
    page = open_page(VISITOR, screen, java_script_enabled=False)
    page.goto("/reports")
    page.locator("[name=place]").fill(STREET)
    page.locator(".board-fields .btn-primary").click()
    assert "place=" in page.url
    expect(page.locator(".board-card").first).to_be_visible()
    expect(page.locator("[data-near-me]")).to_be_hidden()


def test_a_frame_shows_the_map_and_leads_to_the_portal(open_page: Open, screen: Screen) -> None:
    page = open_page(VISITOR, screen)
    open_map(page, "/reports/embed?stage=open")
    assert page.context.cookies() == []
    height = page.locator(".map").evaluate("map => map.getBoundingClientRect().height")
    assert height > screen.height / 2
    with page.context.expect_page() as opened:
        page.locator(".embedded-foot a").click()
    expect(opened.value).to_have_url(re.compile(r"/reports\?stage=open"))
