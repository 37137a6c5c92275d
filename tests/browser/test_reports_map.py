"""Maps of reports: clusters, points, heat map, districts."""

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
    expect(page.locator("[data-legend=clusters] li")).to_have_count(9)
    with page.expect_response(re.compile(r"mode=heat")):
        page.locator("[data-map-mode=heat]").click()
    expect(page.locator("[data-legend=clusters]")).to_be_hidden()
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


def test_the_way_back_leads_to_what_was_seen(open_page: Open) -> None:
    page = open_page("observer")
    open_map(page)
    assert "#" not in page.url
    page.locator("[data-map-mode=districts]").click()
    page.locator(".leaflet-control-zoom-in").click()
    expect(page).to_have_url(re.compile(r"#map=districts/"))
    seen = page.url
    page.locator("[data-map-numbers] tbody a").first.click()
    page.wait_for_url("**/desk/reports?**")
    page.go_back()
    assert page.url == seen
    expect(page.locator("[data-map-mode=districts]")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.locator("[data-map-mode=districts]")).to_have_attribute("aria-pressed", "true")
    page.locator(".leaflet-control-zoom-out").click()
    assert float(page.url.split("/")[-3]) < float(seen.split("/")[-3])
    page.locator("[data-map-mode=heat]").click()
    expect(page).to_have_url(re.compile(r"#map=heat/"))


def test_a_district_leads_to_its_reports(open_page: Open) -> None:
    page = open_page("observer")
    open_map(page, f"{MAP}?stage=open")
    page.locator("[data-map-mode=districts]").click()
    box = page.locator(".leaflet-container").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 0.55, box["y"] + box["height"] * 0.4)
    page.wait_for_url("**/desk/reports?**district=**")
    assert "stage=open" in page.url


def test_clusters_are_large_beside_the_others_in_view(open_page: Open) -> None:
    page = open_page("observer")
    numbers = (4000, 1500, 200)
    clusters = [
        {"n": n, "lat": 35.70 + n / 1e6, "lon": 51.40, "box": [51.39, 35.69, 51.41, 35.71]} for n in numbers
    ]
    answer = {"total": sum(numbers), "clusters": clusters, "looks": [], "points": []}
    page.route(ANSWER, lambda route: route.fulfill(json=answer))
    page.goto(MAP)
    looks = page.locator(".map-cluster")
    expect(looks).to_have_count(3)
    found = {number(one.inner_text()): (one.get_attribute("class") or "").split()[-1] for one in looks.all()}
    assert found == {4000: "lg", 1500: "md", 200: "sm"}


def test_all_of_one_place_can_be_reached(open_page: Open) -> None:
    page = open_page("observer")
    look = {"tone": "new", "icon": "map-pin", "title": "چاله"}
    middle = page.request.get("/desk/reports/map.json").json()["clusters"][0]
    points = [[middle["lat"], middle["lon"], 0, str(place)] for place in range(45)]
    answer = {"total": len(points), "clusters": [], "looks": [look], "points": points}
    page.route(ANSWER, lambda route: route.fulfill(json=answer))
    page.route("**/desk/reports/*/card", show_card)
    page.goto(MAP)
    point = page.locator(f"{POINT}[role=button]")
    expect(point).to_have_attribute("aria-label", re.compile("۴۵"))
    point.focus()
    page.keyboard.press("Enter")
    cards, more = page.locator(".map-card"), page.locator(".leaflet-popup-content button")
    for shown, left in ((20, "۲۵"), (40, "۵")):
        expect(cards).to_have_count(shown)
        expect(cards.nth(shown - 20).locator("a")).to_be_focused()
        expect(more).to_contain_text(left)
        more.focus()
        page.keyboard.press("Enter")
    expect(cards).to_have_count(len(points))
    expect(cards.nth(40).locator("a")).to_be_focused()
    expect(cards.nth(40).locator("a")).to_be_in_viewport()
    expect(more).to_have_count(0)


def show_card(route: Route) -> None:
    code = route.request.url.split("/")[-2]
    route.fulfill(
        content_type="text/html", body=f'<article class="map-card"><a href="/desk">{code}</a></article>\n'
    )


def test_no_strip_lies_between_a_map_and_its_table(open_page: Open, screen: Screen) -> None:
    page = open_page("observer", screen)
    open_map(page)
    strips = page.evaluate(
        """() => {
            const parts = ['.map', '.pin-key', '[data-map-numbers] table'];
            const [map, key, table] = parts.map((part) => document.querySelector(part).getBoundingClientRect());
            return [key.top - map.bottom, table.top - key.bottom];
        }"""
    )
    assert max(strips) < 8


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
