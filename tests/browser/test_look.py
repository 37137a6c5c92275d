"""Visual contrast of controls, marks and cards in both themes."""

import re

import pytest
from browser import meetings
from browser.conftest import Open
from browser.people import DESKTOP, PHONE
from browser.samples import Facts, send_report, who
from playwright.sync_api import Locator, Page, expect
from portal import Portal
from sqlalchemy import select

from civicportal.domain.cases.models import Case

pytestmark = pytest.mark.browser
GROUND = "element => getComputedStyle(element).backgroundColor"
INKS = """elements => elements.map(element => {
    const style = getComputedStyle(element)
    return [style.colorScheme, style.color, style.backgroundColor]
})"""
#: Pixels between the upper edge of a card's inside and the first thing that is seen in it.
GAP = """card => {
    const top = card.getBoundingClientRect().top + parseFloat(getComputedStyle(card).paddingTop) + card.clientTop
    const seen = [...card.querySelectorAll('.form-label, .lbl, .row-x')].find(element => element.offsetParent)
    return Math.round(seen.getBoundingClientRect().top - top)
}"""


@pytest.fixture(scope="session")
def found(portal: Portal) -> Facts:
    """Return a report, a message, a request that waits and a meeting that was held, for the addresses."""
    with portal.site.work(write=False) as work:
        neighbour, held = who(work, "neighbour"), meetings.held(work)
        message = work.session.scalars(select(Case.code).where(Case.kind == "feedback")).first() or ""
    waiting = meetings.ask(portal, "09000000784")
    return {"case": send_report(portal, neighbour), "message": message, "waiting": waiting, "held": held}


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    """Return the theme that the browser asks for."""
    chosen: str = request.param
    return chosen


def ground(locator: Locator) -> str:
    """Return the colour behind something."""
    return str(locator.first.evaluate(GROUND))


def test_button_stands_out_in_the_chosen_row(open_page: Open, found: Facts, theme: str) -> None:
    page = open_page("office_manager", DESKTOP, color_scheme=theme)
    page.goto(f"/desk/meetings/requests/{found['waiting']}")
    assert ground(page.locator("tr.sel .btn-soft")) != ground(page.locator("tr.sel td"))


def test_icon_stands_out_in_the_chosen_card(open_page: Open, theme: str) -> None:
    page = open_page("office_manager", DESKTOP, color_scheme=theme)
    page.goto("/desk/meetings/new")
    chosen = page.locator(".choice:has(:checked)", has=page.locator(".cat-ic"))
    assert ground(chosen.locator(".cat-ic")) != ground(chosen)


def test_mark_of_a_chosen_radio_is_dark_on_the_bright_ground_of_the_dark_theme(
    open_page: Open, found: Facts
) -> None:
    page = open_page("handler", DESKTOP, color_scheme="dark")
    page.goto(f"/kartable/cases/{found['case']}")
    page.locator("#tab-comment").click()
    chosen = page.locator("#panel-of-comment [type=radio]:checked").first
    mark = chosen.evaluate("element => getComputedStyle(element).backgroundImage")
    assert re.findall(r"fill='%23(\w+)'", mark) == ["032725"]


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("office_manager", "/desk/meetings/sessions/new"),
        ("office_manager", "/desk/meetings/requests/{held}/order"),
        ("public_relations", "/desk/texts/new?kind=feedback"),
        ("public_relations", "/kartable/cases/{message}"),
    ],
)
def test_what_is_not_seen_leaves_no_gap_in_a_card(
    open_page: Open, found: Facts, role: str, path: str
) -> None:
    page = open_page(role, DESKTOP)
    page.goto(path.format(**found))
    assert page.locator(".card-x.pad-lg").first.evaluate(GAP) <= 1


def test_list_of_cards_ends_within_its_round_corners(open_page: Open) -> None:
    page = open_page("office_manager", PHONE)
    page.goto("/desk/meetings/statistics?period=all")
    assert border(page, "table.cards-sm tbody tr:last-child") == "0px"


def test_chosen_row_stays_chosen_under_the_pointer_and_its_mark_shows_the_focus(
    open_page: Open, theme: str
) -> None:
    page = open_page("handler", DESKTOP, color_scheme=theme)
    page.goto("/kartable")
    mark, cell = page.locator("[data-row] [type=checkbox]").first, page.locator("[data-row] td").first
    mark.focus()
    page.keyboard.press("Space")
    assert mark.evaluate("element => getComputedStyle(element).outlineWidth") == "3px"
    chosen = ground(cell)
    mark.hover()
    assert ground(cell) == chosen


def test_menu_shows_buttons_and_links_alike(open_page: Open, theme: str) -> None:
    page = open_page("handler", DESKTOP, color_scheme=theme)
    page.goto("/kartable")
    page.locator(".menu-x summary", has_text="خروجی").click()
    items = page.locator(".menu-x[open] .side-link")
    looks = items.evaluate_all("items => items.map(item => getComputedStyle(item).borderWidth)")
    assert set(looks) == {"0px"}


@pytest.mark.parametrize(
    ("role", "path"),
    [("handler", "/kartable"), ("office_manager", "/desk/meetings"), ("administrator", "/desk")],
)
def test_menu_opens_within_a_phone(open_page: Open, role: str, path: str) -> None:
    page = open_page(role, PHONE)
    page.goto(path)
    menus = page.locator(".menu-x > summary:visible")
    assert menus.count()
    for menu in menus.all():
        menu.click()
        box = page.locator(".menu-x[open] > :not(summary)").bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE.width
        menu.click()


def test_history_bears_no_numbers(open_page: Open, found: Facts) -> None:
    page = open_page("office_manager", DESKTOP)
    page.goto(f"/kartable/cases/{found['held']}")
    step = page.locator("ol.tl > li").first
    assert step.evaluate("element => getComputedStyle(element).listStyleType") == "none"


def test_paper_is_the_same_from_a_dark_screen(open_page: Open, found: Facts) -> None:
    printed = []
    for scheme in ("light", "dark"):
        page = open_page("office_manager", DESKTOP, color_scheme=scheme)
        page.goto(f"/kartable/cases/{found['held']}")
        page.emulate_media(media="print")
        inks = page.locator("html, .pill, .node, .bubble, .page-h a").evaluate_all(INKS)
        assert len(inks) > 5
        printed.append(inks)
    assert printed[0] == printed[1]


def test_a_history_goes_on_over_the_page(open_page: Open, found: Facts) -> None:
    page = open_page("office_manager", DESKTOP)
    page.goto(f"/kartable/cases/{found['held']}")
    page.emulate_media(media="print")
    breaks = "element => getComputedStyle(element).breakInside"
    assert page.locator("section:has(> .tl)").evaluate(breaks) == "auto"
    assert page.locator(".tl > li").first.evaluate(breaks) == "avoid"


def border(page: Page, selector: str) -> str:
    """Return how thick the lower border of something is."""
    return str(page.locator(selector).last.evaluate("element => getComputedStyle(element).borderBottomWidth"))


def test_open_tab_is_in_sight_on_a_phone(open_page: Open) -> None:
    page = open_page("public_relations", PHONE)
    page.goto("/desk/announcements?view=deleted")
    expect(page.locator(".tabs-x [aria-current]")).to_be_in_viewport()


def test_open_page_is_in_sight_in_the_side_bar(open_page: Open) -> None:
    page = open_page("administrator", DESKTOP)
    page.goto("/admin/audit")
    seen = """link => {
        const box = link.getBoundingClientRect()
        return link.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2))
    }"""
    assert page.locator(".side-link[aria-current]").evaluate(seen)
    assert page.evaluate("scrollY") == 0


def test_field_in_error_has_no_red_but_the_portals_own(open_page: Open) -> None:
    page = open_page("public_relations", DESKTOP, color_scheme="dark")
    page.goto("/desk/announcements/new")
    page.locator("[name=action][value=publish]").click()
    field = page.locator("[name=title].is-invalid")
    assert field.evaluate("element => getComputedStyle(element).backgroundImage") == "none"


def test_two_of_one_half_hour_can_both_be_hit(open_page: Open) -> None:
    page = open_page("office_manager", DESKTOP)
    page.goto("/desk/meetings")
    twins = """meet => {
        const twin = meet.cloneNode(true)
        meet.after(twin)
        return [meet, twin].map(element => element.getBoundingClientRect().height)
    }"""
    # WCAG 2.5.8: 24 px.
    assert min(page.locator(".week-t td:not([rowspan]) .meet").first.evaluate(twins)) >= 24
