"""Clicks of everyday work: presses of the pointer, and keys that commit something. Typing and moving the focus are free."""

from pathlib import Path

import pytest
from browser import desk
from browser.conftest import Open
from browser.samples import send_report, who
from browser.wizard import STREET, WORDS, photo
from playwright.sync_api import Page, expect
from portal import Portal
from sqlalchemy import select

from civicportal.domain.cases.models import CaseEvent
from civicportal.domain.cases.services import CaseService

pytestmark = pytest.mark.browser
WASTE = "سازمان مدیریت پسماند"
NOTE = "مربوط به آن سازمان است."
CALLER = "09000000788"
#: Counts in the page what a person does: Enter, a shortcut outside a field, and each press of the pointer.
COUNTER = """
(() => {
  const add = () => sessionStorage.setItem('clicks', Number(sessionStorage.getItem('clicks') || 0) + 1);
  const free = /^(Tab|Shift|Control|Alt|Meta|Arrow.*|Home|End|Page.*|Escape|[0-9۰-۹])$/;
  const moves = ['KeyJ', 'KeyK'];
  addEventListener('pointerdown', (e) => { if (e.isTrusted) { add(); } }, true);
  addEventListener('keydown', (e) => {
    const typing = e.target.closest('select, textarea, input:not([type=checkbox]):not([type=radio])');
    const command = e.key === 'Enter' || (!typing && !free.test(e.key) && !moves.includes(e.code));
    if (e.isTrusted && !e.repeat && command) { add(); }
  }, true);
})();
"""


@pytest.fixture
def codes(portal: Portal) -> list[str]:
    """Return two new reports in the kartable of the roads, latest first."""
    with portal.site.work() as work:
        neighbour = who(work, "neighbour")
    return [send_report(portal, neighbour) for _number in range(2)][::-1]


def begin(page: Page, address: str) -> None:
    """Open a page, and count from here on."""
    page.add_init_script(COUNTER)
    page.goto(address)
    page.wait_for_load_state()


def clicks(page: Page) -> int:
    """Return the clicks since the beginning."""
    return int(page.evaluate("Number(sessionStorage.getItem('clicks') || 0)"))


def open_row(page: Page, code: str) -> None:
    """Click a case of the list."""
    page.locator(f"[data-row] a.subj[href='/kartable/cases/{code}']").click()
    page.wait_for_url(f"**/kartable/cases/{code}")
    page.wait_for_load_state()


def open_by_letter(page: Page, code: str, letter: str) -> None:
    """Open the first case of the list by the letter of a tab, and count from the list on."""
    begin(page, "/kartable?view=new&sort=newest")
    page.keyboard.press("j")
    page.keyboard.press(letter)
    page.wait_for_url(f"**/kartable/cases/{code}**")


def name_unit(page: Page, name: str) -> None:
    """Type the name of a unit into the field that has the focus."""
    expect(page.locator("[role=combobox]:focus")).to_be_visible()
    page.keyboard.type(name)
    expect(page.locator("[name=unit] option:checked")).to_have_text(name)


def events(portal: Portal, code: str) -> list[str]:
    """Return the types of a case's events, latest first."""
    with portal.site.work() as work:
        case = work.get(CaseService).fetch(code)
        query = select(CaseEvent.type).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id.desc())
        return list(work.session.scalars(query))


def test_a_referral_takes_three(portal: Portal, open_page: Open, codes: list[str]) -> None:
    page = open_page("handler")
    begin(page, "/kartable?view=new&sort=newest")
    open_row(page, codes[0])
    desk.open_tab(page, "refer")
    page.keyboard.press("Tab")
    name_unit(page, WASTE)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type(NOTE)
    page.locator("#panel-of-refer [name=then][value=next]").click()
    expect(page.locator(desk.TOAST).first).to_be_visible()
    assert clicks(page) == 3
    assert events(portal, codes[0])[0] == "referred"


def test_by_the_letter_of_the_tab_it_takes_two(portal: Portal, open_page: Open, codes: list[str]) -> None:
    page = open_page("handler")
    open_by_letter(page, codes[0], "r")
    name_unit(page, WASTE)
    page.keyboard.press("Control+Enter")
    expect(page.locator(desk.TOAST).first).to_be_visible()
    assert clicks(page) == 2
    assert events(portal, codes[0])[0] == "referred"


def test_closing_with_an_answer_and_a_picture_takes_three(
    portal: Portal, open_page: Open, codes: list[str], tmp_path: Path
) -> None:
    with portal.site.work() as work:
        handler = who(work, "handler")
    with portal.site.work(actor=handler) as work:
        cases = work.get(CaseService)
        cases.apply(cases.fetch(codes[0], lock=True), "start_review")
    page = open_page("handler")
    begin(page, "/kartable?sort=newest")
    open_row(page, codes[0])
    panel = page.locator("#panel-close")
    panel.locator("[name=public_text]").focus()
    page.keyboard.type(desk.ANSWER)
    with page.expect_file_chooser() as chooser:
        panel.locator("label", has=page.locator("[data-photo-input]")).click()
    chooser.value.set_files(photo(tmp_path))
    expect(panel.locator("[data-photo] input[name=photos]")).to_be_attached()
    panel.locator("[name=then][value=next]").click()
    expect(page.locator(desk.TOAST).first).to_be_visible()
    assert clicks(page) == 3
    with portal.site.work() as work:
        assert work.get(CaseService).fetch(codes[0]).status == "reviewed"


def test_a_note_takes_two(portal: Portal, open_page: Open, codes: list[str]) -> None:
    page = open_page("handler")
    open_by_letter(page, codes[0], "c")
    expect(page.locator("#panel-of-comment [name=text]:focus")).to_be_visible()
    page.keyboard.type(NOTE)
    page.keyboard.press("Control+Enter")
    expect(page.locator(desk.TOAST).first).to_be_visible()
    assert clicks(page) == 2
    assert events(portal, codes[0])[0] == "commented"


@pytest.mark.parametrize("way", ["pointer", "key"])
def test_taking_a_case_in_hand_takes_one(portal: Portal, open_page: Open, codes: list[str], way: str) -> None:
    page = open_page("handler")
    begin(page, "/kartable?view=new&kind=reports&sort=newest")
    row = page.locator("[data-row]", has=page.locator(f"a[href='/kartable/cases/{codes[0]}']"))
    if way == "pointer":
        row.locator("[data-take]").click()
    else:
        page.keyboard.press("j")
        page.keyboard.press("t")
    expect(page.locator(desk.TOAST).first).to_be_visible()
    assert page.url.endswith("/kartable?view=new&kind=reports&sort=newest")
    assert clicks(page) == 1
    assert events(portal, codes[0])[0] == "taken"


def test_referring_two_at_once_takes_four(portal: Portal, open_page: Open, codes: list[str]) -> None:
    page = open_page("handler")
    begin(page, "/kartable?view=new&sort=newest")
    for code in codes:
        page.locator(f"[data-row] input[value='{code}']").click()
    page.locator("[data-bulk-bar] [value=refer]").click()
    name_unit(page, WASTE)
    page.locator("main form button.btn-primary").click()
    expect(page.locator("main table .pill").first).to_be_visible()
    assert clicks(page) == 4
    assert [events(portal, code)[0] for code in codes] == ["referred", "referred"]


def test_the_same_by_keys(portal: Portal, open_page: Open, codes: list[str]) -> None:
    page = open_page("handler")
    begin(page, "/kartable?view=new&sort=newest")
    for _code in codes:
        page.keyboard.press("j")
        page.keyboard.press("x")
    page.keyboard.press("r")
    name_unit(page, WASTE)
    page.keyboard.press("Control+Enter")
    expect(page.locator("main table .pill").first).to_be_visible()
    assert clicks(page) == 4
    assert [events(portal, code)[0] for code in codes] == ["referred", "referred"]


def test_a_call_is_registered_from_the_desk_in_four(portal: Portal, open_page: Open) -> None:
    with portal.site.work() as work:
        new = [
            event.id for event in work.session.scalars(select(CaseEvent).where(CaseEvent.type == "opened"))
        ]
    page = open_page("public_relations")
    begin(page, "/desk")
    page.keyboard.type(CALLER)
    expect(page.locator("#call-number")).to_have_value(CALLER)
    page.locator("form[action='/desk/call'] [value=reports]").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/reports/new?call=")
    expect(page.locator("#category-search:focus")).to_be_visible()
    page.keyboard.type("چال")
    page.keyboard.press("Enter")
    page.locator("[name=body]").focus()
    page.keyboard.type(WORDS)
    page.locator("[data-map-search]").focus()
    page.keyboard.type(STREET)
    expect(page.locator("[data-map-results] button").first).to_have_text(f"همین محل: {STREET}")
    page.keyboard.press("Enter")
    expect(page.locator("[data-place-name]")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".said-codes [data-copy]").first).to_be_visible()
    assert clicks(page) == 4
    with portal.site.work() as work:
        query = select(CaseEvent).where(CaseEvent.type == "opened", CaseEvent.id.not_in(new))
        assert [event.realm for event in work.session.scalars(query)] == ["staff"]
