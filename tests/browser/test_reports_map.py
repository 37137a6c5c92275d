"""The maps of reports: from a cluster to a point, its card and the case; heat, districts, without a script, without the map."""

import re

import pytest
from browser import wizard
from browser.conftest import Open
from browser.people import Screen, number
from browser.test_pages import barriers
from browser.wizard import proceed
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.browser
MAP = "/desk/reports/map"
ANSWER = re.compile(r"/desk/reports/map\.json")
CLUSTER, POINT = ".leaflet-marker-icon:has(.map-cluster)", ".leaflet-marker-icon:has(.pin)"
DEEPEST = 8


def open_map(page: Page, address: str = MAP) -> None:
    """Go to a map and wait for what it shows."""
    with page.expect_response(ANSWER):
        page.goto(address)
    expect(page.locator(f"{CLUSTER}, {POINT}").first).to_be_visible()
    expect(page.locator(".leaflet-container[aria-busy]")).to_have_count(0)


def test_a_keyboard_leads_from_a_cluster_to_a_case(open_page: Open, screen: Screen) -> None:
    page = open_page("observer", screen)
    open_map(page)
    for _ in range(DEEPEST):
        if not page.locator(CLUSTER).count():
            break
        largest = page.locator(CLUSTER).first
        assert re.search(r"[۰-۹]", str(largest.get_attribute("aria-label")))
        largest.focus()
        with page.expect_response(ANSWER):
            page.keyboard.press("Enter")
        expect(page.locator(".leaflet-container[aria-busy]")).to_have_count(0)
    point = page.locator(f"{POINT}[role=button]").first
    point.focus()
    page.keyboard.press("Enter")
    card = page.locator(".map-card a").first
    expect(card).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/kartable/cases/*")


def test_numbers_of_the_map_are_those_of_the_list(open_page: Open) -> None:
    page = open_page("observer")
    open_map(page, f"{MAP}?stage=open")
    shown = sum(number(mark) for mark in page.locator(".map-cluster").all_inner_texts())
    shown += page.locator(POINT).count() if not shown else 0
    said = number(page.locator(".page-h p").inner_text())
    assert page.request.get("/desk/reports/map.json?stage=open").json()["total"] == said
    districts = page.locator("[data-map-numbers] tbody a").all()
    assert sum(number(link.inner_text()) for link in districts) == said
    first = districts[0]
    expected = number(first.inner_text())
    first.click()
    assert number(page.locator(".page-h p").inner_text()) == expected


def test_heat_and_districts(open_page: Open) -> None:
    page = open_page("observer")
    open_map(page)
    with page.expect_response(re.compile(r"mode=heat")):
        page.locator("[data-map-mode=heat]").click()
    expect(page.locator("canvas.map-heat")).to_be_attached()
    expect(page.locator("[data-legend=heat]")).to_be_visible()
    assert page.evaluate(
        "() => { const c = document.querySelector('canvas.map-heat');"
        " return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean); }"
    )
    page.locator("[data-map-mode=districts]").click()
    expect(page.locator("[data-legend=districts]")).to_be_visible()
    expect(page.locator("canvas.map-heat")).to_have_count(0)
    expect(page.locator("[data-map-mode=districts]")).to_have_attribute("aria-pressed", "true")


def test_a_map_that_cannot_be_loaded_says_so_and_is_asked_again(open_page: Open) -> None:
    page = open_page("observer")
    page.route(ANSWER, lambda route: route.fulfill(status=200, body="nothing"))
    page.goto(MAP)
    retry = page.locator("[data-map-retry]")
    expect(retry).to_be_visible()
    page.unroute(ANSWER)
    retry.click()
    expect(page.locator(CLUSTER).first).to_be_visible()
    expect(retry).to_be_hidden()


def test_without_a_script_the_city_is_drawn(open_page: Open) -> None:
    page = open_page("observer", java_script_enabled=False)
    page.goto(MAP)
    expect(page.locator(".map-drawing svg.static-map")).to_be_visible()
    page.goto("/desk/reports/statistics?period=all")
    picture = page.locator("img.map-picture")
    expect(picture).to_be_visible()
    assert (
        page.request.get(str(picture.get_attribute("src"))).headers["content-type"]
        == "image/svg+xml; charset=utf-8"
    )


def refuse(route: Route) -> None:
    route.fulfill(status=422, body="")


def test_a_map_that_does_not_come_says_so_and_leaves_the_words(open_page: Open, screen: Screen) -> None:
    page = open_page(screen=screen, service_workers="block")
    page.route("**/map.geojson*", refuse)
    page.goto("/reports/new")
    wizard.choose_category(page)
    proceed(page, 2)
    expect(page.get_by_text("نقشه بارگذاری نشد")).to_be_visible()
    expect(page.locator("[data-map-search]")).to_be_hidden()
    expect(page.locator("[data-locate]")).to_be_hidden()
    expect(page.locator("[name=address]")).to_be_visible()
    assert barriers(page) == []
    page.unroute("**/map.geojson*")
    page.locator(".map-failed button").click()
    wizard.choose_place(page, screen)
    expect(page.locator("[data-map-search]")).to_be_visible()


def test_the_map_of_the_city_too(open_page: Open) -> None:
    page = open_page("observer", service_workers="block")
    page.route("**/map.geojson*", refuse)
    page.goto(MAP)
    expect(page.locator(".map-failed")).to_be_visible()
    page.unroute("**/map.geojson*")
    page.locator(".map-failed button").click()
    expect(page.locator("[data-map] .leaflet-tile-pane")).to_be_attached()
