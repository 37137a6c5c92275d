"""The report form, with and without scripts."""

import re
from pathlib import Path

import pytest
from browser import wizard
from browser.conftest import Open
from browser.people import DESKTOP, PHONE, Screen, enter_mobile, messages, wait_for_message
from browser.wizard import proceed, step
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
LARGEST_UPLOAD = 500_000
"""Bytes of a picture that leaves the phone."""


def test_visitor_reports_and_signs_in_at_the_end(open_page: Open, screen: Screen, tmp_path: Path) -> None:
    mobile = "09000000016" if screen.touch else "09000000017"
    page = open_page(screen=screen)
    page.goto("/reports/new")
    expect(page.locator("h1:visible")).to_have_text("مشکل دربارهٔ چیست؟")
    wizard.choose_category(page)
    proceed(page, 2)
    expect(page.locator("[data-wizard-live]")).to_have_text("مرحلهٔ ۲ از ۴: مکان")
    expect(step(page, 2).locator("h1")).to_be_focused()
    wizard.choose_place(page, screen)
    wizard.pass_place(page)
    with page.expect_response("**/uploads") as uploaded:
        page.locator("[data-photo-input]").set_input_files(wizard.photo(tmp_path))
    size = uploaded.value.request.all_headers()["content-length"]
    assert 10_000 < int(size) < LARGEST_UPLOAD
    expect(page.locator("[data-photo] input[name=photo_key]")).to_have_value(re.compile(r"^[\w-]{22}$"))
    page.locator("[name=body]").fill(wizard.WORDS)
    proceed(page, 5)
    expect(page.locator("[data-review=category]")).to_contain_text(wizard.CATEGORY)
    place = page.locator("[data-place-name]").text_content() or ""
    expect(page.locator("[data-review-place]")).to_have_text(place)
    expect(page.locator("[data-review=body]")).to_have_text(wizard.WORDS)
    expect(page.locator("[data-review-photos] img")).to_have_count(1)

    page.locator(wizard.NEXT).click()
    page.wait_for_url("**/login?**")
    seen = messages(page, mobile)
    enter_mobile(page, mobile)
    code = wizard.sent(page)
    expect(page.locator("h1")).to_have_text("گزارش شما ثبت شد")
    assert code in wait_for_message(page, mobile, code, seen=seen)
    page.goto(f"/my/{code}")
    expect(page.locator("h1")).to_contain_text(wizard.CATEGORY)
    picture = page.request.get(page.locator("a[href^='/attachments/']").first.get_attribute("href") or "")
    assert not wizard.carries_position(picture.body())


def test_back_goes_one_step_back(open_page: Open, screen: Screen) -> None:
    page = open_page(screen=screen)
    page.goto("/reports/new")
    wizard.choose_category(page)
    proceed(page, 2)
    wizard.choose_place(page, screen)
    if wizard.pass_place(page):
        page.go_back()
        expect(step(page, 3)).to_be_visible()
    page.go_back()
    expect(step(page, 2)).to_be_visible()
    expect(step(page, 4)).to_be_hidden()
    page.go_back()
    expect(step(page, 1)).to_be_visible()
    expect(page.locator(f"label:has-text('{wizard.CATEGORY}') input")).to_be_checked()
    page.go_forward()
    expect(step(page, 2)).to_be_visible()


def test_incomplete_step_is_not_left(open_page: Open) -> None:
    page = open_page()
    page.goto("/reports/new")
    page.locator(wizard.NEXT).click()
    expect(page.locator("[data-error-for=category]")).to_be_visible()
    expect(step(page, 1)).to_be_visible()
    wizard.choose_category(page)
    proceed(page, 2)
    page.locator(wizard.NEXT).click()
    expect(page.locator("[data-error-for=lat]")).to_be_visible()


def test_categories_are_found_by_what_people_say(open_page: Open, screen: Screen) -> None:
    page = open_page(screen=screen)
    page.goto("/reports/new")
    page.locator("[data-category-search]").fill("دست‌انداز")
    expect(page.locator("label.choice:visible", has_text=wizard.CATEGORY)).to_have_count(1)
    page.locator("[data-category-search]").fill("فیل سفید")
    expect(page.locator("[data-category-status]")).not_to_be_empty()


def test_draft_comes_back(open_page: Open, screen: Screen) -> None:
    page = open_page(screen=screen)
    wizard.fill_in(page, screen)
    page.wait_for_function("words => JSON.stringify(localStorage).includes(words)", arg=wizard.WORDS)
    expect(page.locator("[data-draft-status]")).to_contain_text("پیش‌نویس")
    point = page.locator("#picker-lat").input_value()
    page.close()
    again = page.context.new_page()
    again.goto("/reports/new")
    expect(again.locator("[data-draft-status]")).to_contain_text("بازگردانده")
    expect(again.locator("[name=body]")).to_have_value(wizard.WORDS)
    expect(again.locator("#picker-lat")).to_have_value(point)
    again.locator("[data-draft-clear]").click()
    expect(again.locator("[name=body]")).to_have_value("")


def test_last_words_are_kept_when_the_page_is_left_at_once(open_page: Open) -> None:
    page = open_page()
    wizard.fill_in(page, DESKTOP)
    page.go_back()
    page.locator("[name=body]").fill("تازه‌ترین نوشته، نیم‌ثانیه پیش از رفتن.")
    page.goto("/track")
    page.goto("/reports/new")
    expect(page.locator("[name=body]")).to_have_value("تازه‌ترین نوشته، نیم‌ثانیه پیش از رفتن.")


def test_my_position_puts_the_pin(open_page: Open, screen: Screen) -> None:
    page = open_page(screen=screen, geolocation=wizard.INSIDE, permissions=["geolocation"])
    _reach_place(page)
    page.locator("[data-locate]").click()
    expect(page.locator("#picker-lat")).to_have_value(re.compile(r"^33\.05"))
    expect(page.locator("[data-place-name]")).to_be_visible()


def test_denied_position_leaves_search_and_address(open_page: Open, screen: Screen) -> None:
    page = open_page(screen=screen, permissions=[])
    _reach_place(page)
    page.locator("[data-locate]").click()
    expect(page.locator("[data-map-status]")).to_contain_text("در دسترس نیست")
    page.locator("[data-map-search]").fill(wizard.STREET)
    page.locator("[data-map-search]").press("NumpadEnter")
    expect(step(page, 2)).to_be_visible()
    expect(page.locator("#picker-lat")).to_have_value(re.compile(r"^33\."))
    page.locator("[data-address] summary").click()
    page.locator("[name=address]").fill(wizard.ADDRESS)
    wizard.pass_place(page)


def test_place_outside_the_city_is_refused(open_page: Open, screen: Screen) -> None:
    page = open_page("neighbour", screen, geolocation=wizard.OUTSIDE, permissions=["geolocation"])
    _reach_place(page)
    page.locator("[data-locate]").click()
    expect(page.locator("[data-map-status]")).not_to_be_empty()
    expect(page.locator("[data-fragment-url]")).to_contain_text("۱۳۷")
    page.locator(wizard.NEXT).click()
    expect(step(page, 2).locator("[data-refused]")).to_be_focused()
    expect(step(page, 2)).to_be_visible()
    page.locator("[data-map-search]").fill(wizard.STREET)
    page.locator("[data-map-search]").press("Enter")
    expect(step(page, 2).locator("[data-refused]")).to_have_count(0)
    wizard.pass_place(page)


@pytest.mark.parametrize("width", [PHONE, DESKTOP], ids=lambda screen: screen.name)
def test_without_a_script_the_same_report_is_sent(open_page: Open, width: Screen, tmp_path: Path) -> None:
    mobile = "09000000018" if width.touch else "09000000019"
    page = open_page(screen=width, java_script_enabled=False)
    page.goto("/reports/new")
    page.locator("label.choice", has_text=wizard.CATEGORY).click()
    expect(step(page, 2).get_by_text("نقشه را جابه‌جا کنید")).to_be_hidden()
    page.locator("[name=address]").fill("کوچهٔ بی‌نام، پشت نانوایی")
    page.locator("input[type=file]").set_input_files(wizard.photo(tmp_path))
    page.locator("[name=body]").fill(wizard.WORDS)
    page.locator(wizard.NEXT).click()
    page.wait_for_url("**/login?**")
    enter_mobile(page, mobile)
    page.wait_for_url("**/reports/new*")
    expect(page.locator("[name=body]")).to_have_value(wizard.WORDS)
    code = wizard.send(page)
    page.goto(f"/my/{code}")
    expect(page.locator("a[href^='/attachments/'] img")).to_have_count(1)


def _reach_place(page: Page) -> None:
    page.goto("/reports/new")
    wizard.choose_category(page)
    proceed(page, 2)
    expect(page.locator("[data-map=picker] .leaflet-tile-pane")).to_be_attached()
