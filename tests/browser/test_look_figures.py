"""Look of statistics: trends and bars."""

from collections import Counter
from io import BytesIO

import pytest
from browser.colours import ENOUGH, contrast
from browser.conftest import Open
from browser.people import DESKTOP, PHONE, VISITOR, Screen
from PIL import Image
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser
FIGURES = "/desk/reports/statistics?period=all"
HOURS = f"{FIGURES}&by=hours"
A4 = 695
"""Pixels between the margins of a sheet."""
A4_HEIGHT = 1009
"""The same from top to bottom."""
TREND = ".scroll-x:has(> .chart-x)"
TITLES, NUMBERS = ".t[text-anchor=middle]", ".t:not([text-anchor=middle])"


def speak_english(page: Page) -> None:
    """Choose English at the foot of a page."""
    page.goto("/")
    page.locator("[name=language][value=en]").click()
    page.wait_for_load_state()


def in_sight(what: Locator, frame: Locator) -> bool:
    """Return whether something lies within what scrolls it, from side to side."""
    inner, outer = what.bounding_box(), frame.bounding_box()
    assert inner
    assert outer
    return inner["x"] >= outer["x"] and inner["x"] + inner["width"] <= outer["x"] + outer["width"]


@pytest.mark.parametrize(
    ("role", "path", "language", "script"),
    [
        (VISITOR, "/statistics", "fa", False),
        (VISITOR, "/statistics", "en", True),
        ("observer", f"{FIGURES}&step=week", "fa", True),
        ("observer", f"{FIGURES}&step=month", "en", False),
    ],
)
def test_a_phone_shows_the_newest_of_a_trend_first(
    open_page: Open, role: str, path: str, language: str, script: bool
) -> None:
    page = open_page(role, PHONE, java_script_enabled=script)
    if language == "en":
        speak_english(page)
    page.goto(path)
    frame = page.locator(TREND).first
    frame.scroll_into_view_if_needed()
    points, titles = frame.locator("circle"), frame.locator(TITLES)
    assert in_sight(points.last, frame)
    assert not in_sight(points.first, frame)
    assert in_sight(titles.last, frame)
    numbers = [one for one in frame.locator(NUMBERS).all() if in_sight(one, frame)]
    assert len(numbers) == frame.locator(".grid").count()


def test_a_keyboard_goes_back_to_the_oldest(open_page: Open) -> None:
    page = open_page("observer", PHONE)
    page.goto(FIGURES)
    frame = page.locator(TREND)
    frame.focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    expect(frame.locator("circle").first).to_be_in_viewport(ratio=0.99)
    assert in_sight(frame.locator("circle").first, frame)


@pytest.mark.parametrize("paper", [False, True], ids=["screen", "paper"])
def test_with_room_for_a_trend_its_numbers_stand_once(open_page: Open, paper: bool) -> None:
    page = open_page("observer", DESKTOP)
    page.goto(FIGURES)
    if paper:
        page.emulate_media(media="print")
    frame = page.locator(TREND)
    assert frame.evaluate("frame => frame.scrollWidth <= frame.clientWidth")
    shown = [one for one in frame.locator(NUMBERS).all() if one.is_visible()]
    assert len(shown) == frame.locator(".grid").count()


#: What each piece of a drawing is filled with, one over the other.
FILLS = """svg => {
    const found = new Map()
    for (const one of svg.querySelectorAll('rect')) {
        const place = one.getAttribute('x')
        found.set(place, [...found.get(place) || [], one.getAttribute('class') || one.getAttribute('fill')])
    }
    return [...found.values()]
}"""
BAR, ROWS = "section:has(#by-status) .stack-x", "section:has(#by-status) .fig-t:first-of-type tbody tr"


def by_status(page: Page) -> list[list[str]]:
    """Return how the statuses that have cases are marked in the table."""
    counted = [row for row in page.locator(ROWS).all() if row.locator("a").count()]
    return [row.locator(".swatch").evaluate(FILLS)[0] for row in counted]


def colours(what: Locator) -> list[str]:
    """Return the two colours of which most of a picture is made, as a browser writes them."""
    image = Image.open(BytesIO(what.screenshot())).convert("RGB")
    return [f"rgb{colour}" for colour, _ in Counter(image.get_flattened_data()).most_common(2)]


@pytest.mark.parametrize(
    ("role", "path"), [("observer", FIGURES), ("office_manager", "/desk/meetings/statistics?period=all")]
)
def test_pieces_of_the_bar_of_statuses_can_be_told_apart(open_page: Open, role: str, path: str) -> None:
    page = open_page(role, DESKTOP)
    page.goto(path)
    pieces, marks = page.locator(BAR).evaluate(FILLS), by_status(page)
    assert len(pieces) > 4
    assert pieces == marks
    assert len({tuple(piece) for piece in pieces}) == len(pieces)
    assert page.locator(f"{BAR} line").count() == len(pieces) - 1


@pytest.mark.parametrize(
    "options",
    [{}, {"color_scheme": "dark"}, {"forced_colors": "active", "color_scheme": "dark"}],
    ids=["light", "dark", "forced"],
)
def test_patterns_of_a_bar_are_seen(open_page: Open, options: dict[str, str]) -> None:
    page = open_page("observer", PHONE, **options)
    page.goto(FIGURES)
    # They come later than the page, and move what stands below them.
    expect(page.locator("[data-map-numbers] tbody a").first).to_be_visible()
    for mark in page.locator(ROWS).locator(".swatch:has([fill])").all():
        mark.scroll_into_view_if_needed()
        assert contrast(*colours(mark)) >= ENOUGH
    assert page.locator(ROWS).locator(".swatch:has([fill])").count() >= 3


def sizes(page: Page, selector: str) -> set[str]:
    """Return the sizes of type of some elements."""
    found = page.locator(selector).evaluate_all("all => all.map(one => getComputedStyle(one).fontSize)")
    return set(found)


def test_busy_hours_stand_no_larger_than_quiet_ones(open_page: Open, screen: Screen) -> None:
    page = open_page("observer", screen)
    page.goto(HOURS)
    assert page.locator(".hours-t .fig-link").count() > 5
    assert len(sizes(page, ".hours-t :is(td, td a)")) == 1


def fits(frame: Locator) -> bool:
    """Return whether nothing is scrolled or cut off from side to side."""
    return bool(frame.evaluate("frame => frame.scrollWidth <= frame.clientWidth"))


def test_all_hours_fit_a_sheet_of_paper(open_page: Open) -> None:
    page = open_page("observer", DESKTOP)
    page.goto(HOURS)
    page.set_viewport_size({"width": A4, "height": 1000})
    page.emulate_media(media="print")
    table = page.locator(".hours-t")
    box = table.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= A4
    assert fits(page.locator(".scroll-x:has(> .hours-t)"))
    for row in table.locator("tr").all():
        assert row.locator("> *").count() == 25


def test_tiles_of_figures_stand_in_lines_of_the_same_length(open_page: Open) -> None:
    page = open_page("observer")
    page.goto("/desk/reports/statistics")
    boxes = page.locator(".kp.figs > *").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().top)"
    )
    assert len(boxes) == 9
    assert sorted(boxes.count(top) for top in set(boxes)) == [3, 3, 3]


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_key_figures_and_map_fit_the_first_sheet_of_paper(open_page: Open, script: bool) -> None:
    page = open_page("administrator", java_script_enabled=script)
    page.goto(FIGURES)
    page.set_viewport_size({"width": A4, "height": 900})
    page.emulate_media(media="print")
    drawing = page.locator("[data-map-panel]").locator(".static-map, .map-picture").first
    expect(drawing).to_be_visible()
    height = page.evaluate(
        """() => document.querySelector('[data-map-panel]').getBoundingClientRect().bottom
            - document.querySelector('.print-h').getBoundingClientRect().top"""
    )
    assert 0 < height < A4_HEIGHT


def test_a_phone_shows_the_hours_of_all_days_at_once(open_page: Open) -> None:
    page = open_page("observer", PHONE)
    page.goto(HOURS)
    frame = page.locator(".scroll-x:has(> .hours-t)")
    assert fits(frame)
    # At one moment: what is still being drawn above may move the table between two looks.
    places = "(all, edge) => all.map(one => one.getBoundingClientRect()[edge])"
    days = frame.locator("tbody th").evaluate_all(places, "bottom")
    assert len(set(days)) == 1
    hours = frame.locator("thead th").evaluate_all(places, "left")
    assert len(set(hours)) == 1
    assert frame.get_by_role("rowheader").count() == 7
    assert frame.get_by_role("columnheader").count() == 24
