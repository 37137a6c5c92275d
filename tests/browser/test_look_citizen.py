"""Look of the citizens' pages in both themes."""

import pytest
from browser import wizard
from browser.colours import ENOUGH, contrast
from browser.conftest import Open
from browser.people import DESKTOP, PHONE, VISITOR, enter_mobile
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser
NAMELESS = "09000000799"
CARD = "main .card-x"


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    """Return the theme that the browser asks for."""
    chosen: str = request.param
    return chosen


def look(locator: Locator, name: str) -> str:
    """Return a computed style."""
    return str(locator.first.evaluate("(element, name) => getComputedStyle(element)[name]", name))


def ring(page: Page, field: Locator) -> float:
    """Return the contrast of the ring around a field that has just got the focus, beside its card."""
    field.focus()
    shadow = look(field, "boxShadow").split(" 0px")[0]
    return contrast(shadow, look(page.locator(CARD), "backgroundColor"))


def test_ring_of_a_field_in_focus_is_seen(open_page: Open, theme: str) -> None:
    page = open_page(VISITOR, DESKTOP, color_scheme=theme)
    page.goto("/feedback/new")
    assert ring(page, page.locator("[name=body]")) >= ENOUGH
    page.locator("main form button.btn-primary").click()
    expect(page.locator("textarea.is-invalid")).to_be_visible()
    page.wait_for_load_state()
    assert ring(page, page.locator("textarea.is-invalid")) >= ENOUGH


def in_language(page: Page, language: str) -> Page:
    """Choose the language of the pages; they begin in Persian."""
    page.goto("/")
    if language != "fa":
        page.locator(f"[name=language][value={language}]").click()
        page.wait_for_load_state()
    return page


@pytest.mark.parametrize(("language", "style"), [("fa", "persian"), ("en", "decimal")])
def test_a_list_counts_as_its_page_does(open_page: Open, language: str, style: str) -> None:
    page = in_language(open_page(VISITOR, DESKTOP), language)
    page.goto("/announcements")
    page.locator("main a", has_text="آغاز نهضت آسفالت").click()
    page.wait_for_url("**/announcements/*")
    assert look(page.locator(".prose ol"), "listStyleType") == style
    page.goto("/meetings/new")
    for silent in (".steps", ".tl"):
        assert look(page.locator(f"ol{silent}"), "listStyleType") == "none"


def test_status_stands_below_the_title_on_a_phone(open_page: Open) -> None:
    for screen, below in ((PHONE, True), (DESKTOP, False)):
        page = open_page("citizen", screen)
        page.goto("/my")
        row = page.locator("main .list-x > li").first
        title, pill = row.locator("a").bounding_box(), row.locator(".pill").bounding_box()
        assert title
        assert pill
        assert (pill["y"] >= title["y"] + title["height"]) is below


def test_a_short_page_ends_where_the_window_ends(open_page: Open) -> None:
    page = open_page("citizen", DESKTOP)
    page.goto("/account/sessions")
    end = page.locator("footer.site").evaluate("footer => footer.getBoundingClientRect().bottom")
    assert round(end) == DESKTOP.height


def test_a_person_without_a_name_has_an_icon(open_page: Open) -> None:
    page = open_page(VISITOR, PHONE)
    page.goto("/login")
    enter_mobile(page, NAMELESS)
    page.wait_for_url("**/login/name*")
    page.goto("/my")
    expect(page.locator("header a[href='/account'] .avatar svg")).to_be_visible()


@pytest.mark.parametrize("width", [390, 320])
def test_a_long_name_without_a_space_stays_in_its_row(open_page: Open, width: int) -> None:
    page = open_page("citizen", PHONE)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto("/account")
    name = page.locator(".list-x > li .grow bdi").first
    name.evaluate("(element) => { element.textContent = 'آ'.repeat(80); }")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_the_field_of_the_telephone_fills_its_row(open_page: Open) -> None:
    page = open_page(VISITOR, PHONE)
    page.goto(f"/demo/phones/{NAMELESS}")
    form, button = page.locator(".handset-write"), page.locator(".handset-write button")
    outside, inside = form.bounding_box(), button.bounding_box()
    assert outside
    assert inside
    assert inside["x"] - outside["x"] == pytest.approx(12, abs=1)


@pytest.mark.parametrize(
    ("language", "words", "place"),
    [
        ("fa", "پلاک ۱۲؛ عکس در example.ir/1405 و تلفن ۰۲۱۸۸۱۲۳۴۵۶ است.", "خیابان نارون، شمارهٔ ۸"),
        ("en", "پلاک 12؛ عکس در example.ir/1405 و تلفن 02188123456 است.", "خیابان نارون، شمارهٔ 8"),
    ],
    ids=["fa", "en"],
)
def test_last_step_is_read_in_the_digits_of_its_page_and_sent_as_typed(
    open_page: Open, language: str, words: str, place: str
) -> None:
    page = in_language(open_page(VISITOR, PHONE), language)
    page.goto("/reports/new")
    wizard.choose_category(page)
    wizard.proceed(page, 2)
    page.locator("[data-address] summary").click()
    page.locator("[name=address]").fill("خیابان نارون، شمارهٔ 8")
    wizard.pass_place(page)
    typed = "پلاک 12؛ عکس در example.ir/1405 و تلفن ٠٢١٨٨١٢٣٤٥٦ است."
    page.locator("[name=body]").fill(typed)
    wizard.proceed(page, 5)
    expect(page.locator("[data-review=body]")).to_have_text(words)
    expect(page.locator("[data-review-place]")).to_have_text(place)
    expect(page.locator("[name=body]")).to_have_value(typed)


def test_a_service_has_one_name_for_citizens_and_one_for_staff(open_page: Open) -> None:
    page = open_page(VISITOR, PHONE)
    page.goto("/")
    links = page.locator("a[href='/meetings/new']:not(.svc), a[href='/meetings/new'] h3").all()
    assert {link.inner_text().strip() for link in links} == {"ملاقات با شهردار"}
    assert len(links) > 2
    label = page.locator(".bottomnav a[href='/meetings/new'] .truncate")
    assert label.evaluate("label => label.scrollHeight <= label.clientHeight + 1")
    assert label.evaluate("label => label.scrollWidth <= label.clientWidth")
    desk = open_page("office_manager", DESKTOP)
    desk.goto("/desk")
    names = desk.locator("a[href='/desk/meetings']").all_inner_texts()
    assert {name.strip().split("\n")[0] for name in names} == {"ملاقات‌های شهردار"}
    desk.goto("/desk/meetings")
    expect(desk.locator("h1")).to_have_text("ملاقات‌های شهردار")
