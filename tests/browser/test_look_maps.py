"""Labels on maps do not overlap."""

import re
from itertools import combinations

import pytest
from browser.conftest import Open
from browser.people import PHONE, VISITOR, Screen
from districts import LARGE, many_districts
from playwright.sync_api import Locator, Page, expect

from civicportal.util.geo import CityMap
from civicportal.util.geo.overview import render_overview

pytestmark = pytest.mark.browser
MANY = many_districts()
SIZE = (640, 440)
#: The ink of a name: what it takes, less the space above and below its letters.
INK = """names => names.filter(name => name.checkVisibility()).map(name => {
    const box = name.getBoundingClientRect(), rest = box.height * 0.2
    return {left: box.left, right: box.right, top: box.top + rest, bottom: box.bottom - rest, words: name.textContent}
})"""
Place = dict[str, float]


def inks(names: Locator) -> list[Place]:
    """Return where names are seen."""
    found: list[Place] = names.evaluate_all(INK)
    return found


def apart(one: Place, other: Place) -> bool:
    """Return whether two have nothing in common."""
    beside = one["right"] <= other["left"] or other["right"] <= one["left"]
    return beside or one["bottom"] <= other["top"] or other["bottom"] <= one["top"]


def crowd(names: list[Place]) -> list[tuple[float, float]]:
    """Return the names that run over each other."""
    return [(one["words"], other["words"]) for one, other in combinations(names, 2) if not apart(one, other)]


def open_map(page: Page, path: str, city: object = None) -> None:
    """Go to a map, of another city if one is given, and wait for all that it shows."""
    if city:
        page.route("**/map.geojson*", lambda route: route.fulfill(json=city))
    with page.expect_response(re.compile(r"map\.json")):
        page.goto(path)
    expect(page.locator(".leaflet-container[aria-busy]")).to_have_count(0)
    page.evaluate("document.fonts.ready")


def test_a_script_names_no_district_over_another(open_page: Open, screen: Screen) -> None:
    page = open_page(VISITOR, screen)
    open_map(page, "/reports", MANY)
    names = inks(page.locator(".map-label"))
    assert LARGE in [name["words"] for name in names]
    assert len(names) > 3
    assert not crowd(names)
    frame = page.locator(".map").bounding_box()
    assert frame
    assert min(name["left"] for name in names) >= frame["x"]
    assert max(name["right"] for name in names) <= frame["x"] + frame["width"]


@pytest.mark.parametrize("path", ["/reports", "/desk/reports/map", "/desk/reports/statistics?period=all"])
def test_names_stand_beside_the_marks_of_a_map(open_page: Open, screen: Screen, path: str) -> None:
    page = open_page("observer", screen)
    open_map(page, path)
    expect(page.locator(".map-cluster").first).to_be_visible()
    names, marks = inks(page.locator(".map-label")), inks(page.locator(".map-cluster"))
    assert len([name for name in names if str(name["words"]).startswith("منطقه")]) == 4
    assert not crowd(names)
    assert not [name["words"] for name in names if not all(apart(name, mark) for mark in marks)]


@pytest.mark.parametrize("paper", [False, True], ids=["screen", "paper"])
def test_the_server_names_no_district_over_another(open_page: Open, screen: Screen, paper: bool) -> None:
    drawing = render_overview(CityMap(MANY), SIZE)
    page = open_page("observer", screen, java_script_enabled=False)
    page.goto("/desk/reports/map")
    if paper:
        page.emulate_media(media="print")
    page.locator(".map-drawing").evaluate("(place, drawing) => { place.innerHTML = drawing }", str(drawing))
    names = inks(page.locator(".map-drawing .sm-label"))
    assert LARGE in [name["words"] for name in names]
    assert len(names) > 3
    assert not crowd(names)


def test_a_telephone_can_read_what_the_server_draws(open_page: Open) -> None:
    page = open_page("observer", PHONE, java_script_enabled=False)
    page.goto("/desk/reports/map")
    drawing = page.locator(".map-drawing svg")
    scale = drawing.evaluate("svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width")
    for words in drawing.locator("text").all():
        if words.is_visible():
            assert float(words.evaluate("text => parseFloat(getComputedStyle(text).fontSize)")) * scale >= 9
    assert [words for words in drawing.locator(".sm-label").all() if words.is_visible()]
