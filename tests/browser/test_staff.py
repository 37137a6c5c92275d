"""Staff pages: kartable, bulk actions, cases, concurrent officers."""

import re

import pytest
from browser import desk
from browser.conftest import Open
from browser.people import CITIZENS, DESKTOP, PHONE, Screen, messages, persian, wait_for_message
from browser.samples import send_report, who
from playwright.sync_api import Page, expect
from portal import Portal

pytestmark = pytest.mark.browser
MASKED = "۰۹۰۰***۰۰۰۲"


def test_kartable_by_a_persian_keyboard(open_page: Open, code: str) -> None:
    page = open_page("handler")
    page.goto("/kartable")
    rows = page.locator("[data-row]")
    desk.press(page, "KeyJ")
    expect(rows.nth(0).locator("a.subj")).to_be_focused()
    desk.press(page, "KeyJ")
    expect(rows.nth(1).locator("a.subj")).to_be_focused()
    desk.press(page, "KeyK")
    expect(rows.nth(0).locator("a.subj")).to_be_focused()
    desk.press(page, "KeyX")
    expect(rows.nth(0).locator("input[type=checkbox]")).to_be_checked()
    expect(page.locator("[data-bulk-bar]")).to_be_visible()
    desk.press(page, "KeyX")
    expect(page.locator("[data-bulk-bar]")).to_be_hidden()
    desk.press(page, "Slash", shift=True)
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("Escape")
    desk.press(page, "Slash")
    expect(page.locator("[data-hotkey=Slash]")).to_be_focused()
    desk.press(page, "KeyJ")
    expect(page.locator("[data-hotkey=Slash]")).to_be_focused()
    page.locator("[data-hotkey=Slash]").fill(persian(code))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/kartable/cases/{code}")
    for key, tab in (("KeyR", "refer"), ("KeyC", "comment"), ("KeyS", "step")):
        page.locator("h1").click()
        page.evaluate("document.activeElement.blur()")
        desk.press(page, key)
        expect(page.locator(f"#tab-{tab}")).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize(
    ("role", "address"), [("public_relations", "/desk/reports"), ("office_manager", "/desk/meetings")]
)
def test_the_same_keys_on_the_other_desks(open_page: Open, role: str, address: str) -> None:
    page = open_page(role)
    page.goto(address)
    links = page.locator("[data-row] a.subj")
    desk.press(page, "KeyJ")
    expect(links.nth(0)).to_be_focused()
    desk.press(page, "KeyJ")
    expect(links.nth(1)).to_be_focused()


def test_what_was_just_done_is_near_for_the_keyboard_and_taken_back_by_a_key(
    open_page: Open, code: str
) -> None:
    page = open_page("handler")
    desk.open_case(page, code)
    desk.take_step(page, "start_review")
    undo = page.locator(f"{desk.TOAST} form button")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(undo).to_be_focused()
    page.evaluate("document.activeElement.blur()")
    desk.press(page, "KeyZ")
    expect(undo).to_have_count(0)
    expect(page.locator(".page-h .pill").first).to_have_text("ثبت‌شده")


def test_filters_live_in_the_address(open_page: Open, screen: Screen, code: str) -> None:
    page = open_page("handler", screen)
    page.goto("/kartable?sort=newest")
    page.locator("details.filter-x summary").click()
    page.locator("[name=status]").first.select_option(label="ثبت‌شده")
    page.locator(".filter-fields button.btn-primary").click()
    page.wait_for_url("**/kartable?**status=**")
    expect(page.locator(f"a[href='/kartable/cases/{code}']")).to_be_visible()
    assert set(page.locator("[data-row] .pill:first-child").all_inner_texts()) == {"ثبت‌شده"}
    page.locator("a.chipf.on").click()
    expect(page.locator("a.chipf.on")).to_have_count(0)


def test_the_order_is_chosen_by_the_keyboard(open_page: Open, code: str) -> None:
    page = open_page("handler")
    page.goto("/kartable")
    menu = page.locator("form.filters .menu-x")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    links = menu.locator("a")
    expect(links.first).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(links.nth(1)).to_be_focused()
    # Moving the focus alone loads nothing.
    expect(page).to_have_url(re.compile("/kartable$"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/kartable?sort=newest")
    expect(menu.locator("a[aria-current]")).to_have_count(1)


def test_new_cases_are_announced_without_moving_rows(portal: Portal, open_page: Open, screen: Screen) -> None:
    page = open_page("handler", screen)
    page.goto("/kartable?sort=newest")
    bar = page.locator("[data-news]")
    expect(bar).to_be_hidden()
    rows = page.locator("[data-row] a.subj").evaluate_all("links => links.map(link => link.href)")
    with portal.site.work() as work:
        neighbour = who(work, "neighbour")
    code = send_report(portal, neighbour)
    # The page comes into sight again, as after another tab.
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(bar).to_contain_text("۱ پروندهٔ تازه")
    assert rows == page.locator("[data-row] a.subj").evaluate_all("links => links.map(link => link.href)")
    bar.click()
    expect(page.locator("[data-row] a.subj").first).to_have_attribute("href", f"/kartable/cases/{code}")
    expect(bar).to_be_hidden()


def test_many_are_referred_and_taken_back(portal: Portal, open_page: Open, code: str) -> None:
    page = open_page("handler")
    page.goto("/kartable?view=new&sort=newest")
    page.locator(f"[data-row] input[value='{code}']").check()
    page.locator("[name=action][value=refer]").click()
    page.locator("[name=unit]").select_option(label="سازمان مدیریت پسماند")
    page.locator("[name=note]").fill("مربوط به آن سازمان است.")
    page.locator("main form button.btn-primary").click()
    expect(page.locator("main table .pill")).to_have_count(1)
    page.locator("form[action='/kartable/bulk/undo'] button").click()
    page.goto("/kartable?sort=newest")
    expect(page.locator(f"a[href='/kartable/cases/{code}']")).to_be_visible()


def test_preview_is_the_message_that_goes_out(
    portal: Portal, open_page: Open, screen: Screen, code: str
) -> None:
    page = open_page("handler", screen)
    seen = messages(page, CITIZENS["neighbour"])
    desk.open_case(page, code)
    shown = desk.preview(page, "start_review")
    desk.take_step(page, "start_review")
    portal.release_notices()
    arrived = wait_for_message(page, CITIZENS["neighbour"], f"{code}.*بررسی", seen=seen)
    assert arrived == shown


@pytest.mark.parametrize("form", ["step", "refer"])
def test_no_preview_is_asked_for_behind_a_form_that_was_sent(open_page: Open, code: str, form: str) -> None:
    page = open_page("handler")
    desk.open_case(page, code)
    desk.preview(page, "close")
    panel = desk.choose_step(page, "close")
    # Neither the preview nor the sending is answered: what ends the preview is the form, not the page that comes after it.
    page.route("**/preview**", lambda route: None)
    page.evaluate("addEventListener('submit', event => event.preventDefault(), {capture: true})")
    words = panel.locator("[name=public_text]")
    with page.expect_request("**/preview**"):
        words.fill(desk.ANSWER)
        words.blur()
    with page.expect_request("**/preview**"), page.expect_event("requestfailed"):
        words.fill(f"{desk.ANSWER} سپاس.")
        words.blur()
    if form == "refer":
        panel = desk.open_tab(page, "refer")
        panel.locator("[name=unit]").select_option(index=1)
        panel.locator("[name=note]").fill("لطفاً ببینید.")
    with page.expect_event("requestfailed"):
        panel.locator("[name=then]").first.click()


def test_the_form_of_a_step_comes_when_it_is_chosen_and_no_word_is_lost(open_page: Open, code: str) -> None:
    page, colleague = open_page("handler"), open_page("administrator")
    desk.open_case(page, code)
    expect(page.locator("[data-step-panel]")).to_have_count(1)
    panel = desk.choose_step(page, "close")
    panel.locator("[name=public_text]").fill(desk.ANSWER)
    expect(panel.locator("[data-count]").first).to_contain_text(persian(str(len(desk.ANSWER))))
    other = desk.choose_step(page, "reject")
    expect(panel).to_be_hidden()
    expect(other.locator("[name=public_text]")).to_have_value(desk.ANSWER)
    desk.open_case(colleague, code)
    desk.take_step(colleague, "start_action")
    # Work cannot be started twice: what is open stays open.
    page.locator("[data-step-choice]").select_option("panel-start_action")
    expect(page.locator("[data-toasts]")).to_contain_text("فرم این اقدام باز نشد")
    expect(page.locator("[data-step-choice]")).to_have_value("panel-reject")
    expect(other.locator("[name=public_text]")).to_have_value(desk.ANSWER)


@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=lambda screen: screen.name)
def test_a_step_without_a_script(open_page: Open, screen: Screen, code: str) -> None:
    page = open_page("handler", screen, java_script_enabled=False)
    desk.open_case(page, code)
    page.locator(f"a[href$='/{code}/close#panel-of-step']").click()
    panel = page.locator("#panel-close")
    panel.locator("[name=public_text]").fill(desk.ANSWER)
    panel.locator("[name=then][value=stay]").click()
    expect(page.locator(".page-h .pill").first).to_have_text("بررسی‌شده")


def test_number_is_masked_until_it_is_asked_for(open_page: Open, screen: Screen, code: str) -> None:
    page = open_page("handler", screen)
    desk.open_case(page, code)
    expect(page.locator("main aside")).to_contain_text(MASKED)
    page.locator("form[action$='/reveal'] button").click()
    expect(page.locator("main aside a[href^='tel:']")).to_have_text(persian(CITIZENS["neighbour"]))


def test_second_officer_sees_what_happened_and_sends_again(open_page: Open, code: str) -> None:
    second = _write_while_another_acts(open_page, code, "administrator")
    expect(second.locator("#merge")).to_contain_text("بررسی اولیه")
    expect(second.locator("#panel-close [name=public_text]")).to_have_value(desk.ANSWER)
    second.locator("#panel-close [name=then][value=stay]").click()
    expect(second.locator(desk.TOAST).first).to_be_visible()
    expect(second.locator(".page-h .pill").first).to_have_text("بررسی‌شده")


def test_officer_who_may_not_act_any_more_keeps_the_words(open_page: Open, code: str) -> None:
    second = _write_while_another_acts(open_page, code, "colleague")
    expect(second.locator("#merge textarea")).to_have_value(desk.ANSWER)


def _write_while_another_acts(open_page: Open, code: str, role: str) -> Page:
    first, second = open_page("handler"), open_page(role)
    for page in (first, second):
        desk.open_case(page, code)
    # A preview that is still under way when the case has gone elsewhere would not be found.
    desk.preview(second, "close")
    panel = desk.choose_step(second, "close")
    panel.locator("[name=public_text]").fill(desk.ANSWER)
    with second.expect_response("**/preview**"):
        panel.locator("[name=public_text]").blur()
    desk.take_step(first, "start_review")
    panel.locator("[name=then][value=stay]").click()
    expect(second.locator("#merge")).to_be_visible()
    return second


def test_paper_shows_the_case_and_no_controls(open_page: Open, code: str) -> None:
    page = open_page("handler")
    desk.open_case(page, code)
    page.emulate_media(media="print")
    expect(page.locator(".print-h")).to_be_visible()
    expect(page.locator(".side")).to_be_hidden()
    expect(page.locator("main button:visible, main input:visible, main .btn:visible")).to_have_count(0)
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("main ol.tl")).to_be_visible()


def test_paper_says_its_time_as_the_page_does_and_links_are_text(open_page: Open) -> None:
    page = open_page("administrator")
    page.goto("/desk/reports/statistics?period=all")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert re.search("[۰-۹]{4}/[۰-۹]{2}/[۰-۹]{2}، [۰-۹]{2}:[۰-۹]{2}", page.locator(".print-h").inner_text())
    looks = page.locator("main a:visible").evaluate_all(
        "links => links.map(link => [getComputedStyle(link).textDecorationLine,"
        " getComputedStyle(link).color === getComputedStyle(link.parentElement).color])"
    )
    assert {tuple(look) for look in looks} == {("none", True)}


@pytest.mark.parametrize(
    ("path", "panel", "wanted"),
    [
        ("/statistics", ".card-x:has(.fig-grid)", "auto"),
        ("/statistics", ".fig-t", "avoid"),
        ("/desk/reports/map", "[data-map-panel]", "avoid"),
        ("/desk/reports/statistics?period=all", "[data-map-panel]", "avoid"),
    ],
)
def test_paper_breaks_between_tables_and_not_in_them(
    open_page: Open, path: str, panel: str, wanted: str
) -> None:
    page = open_page("administrator")
    page.goto(path)
    page.emulate_media(media="print")
    breaks = page.locator(panel).evaluate_all("found => found.map(one => getComputedStyle(one).breakInside)")
    assert set(breaks) == {wanted}


def test_drawer_of_the_phone_opens_and_gives_the_focus_back(open_page: Open) -> None:
    page: Page = open_page("handler", Screen("phone", 390, 844, touch=True))
    page.goto("/kartable")
    page.locator("[data-nav-toggle]").click()
    expect(page.locator("#side a").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("[data-nav-toggle]")).to_be_focused()


def test_observer_reads_and_cannot_act(open_page: Open, code: str) -> None:
    page = open_page("observer", DESKTOP)
    desk.open_case(page, code)
    expect(page.locator("[role=tab]")).to_have_count(0)
    expect(page.locator("form[action$='/reveal']")).to_have_count(0)
