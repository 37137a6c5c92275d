"""The questions of a category in the form of reports, and where administrators write them."""

import re

import pytest
from browser import wizard
from browser.conftest import Open
from browser.people import DESKTOP, PHONE, Screen
from browser.wizard import proceed, step
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

WORDS = "درخت چنار کنار پیاده‌رو از دیشب افتاده است."
ADDRESS = "روبه‌روی کارخانهٔ یخ"
"""No street of the map, so that no report nearby is asked about."""

LONG_QUESTION = "آیا سیم برق رها شده یا پایه در حال سقوط است و راه را بسته است؟"


def choose(page: Page, root: str, category: str) -> None:
    page.goto("/reports/new")
    page.locator(f"label.choice:has([name=root][value={root}])").click()
    page.locator(f"label.choice:has([name=category][value={category}])").click()


def go_to_words(page: Page) -> None:
    """Go from the category to the step with the questions, by an address."""
    proceed(page, 2)
    page.locator("[data-address]").evaluate("details => { details.open = true; }")
    page.locator("[name=address]").fill(ADDRESS)
    proceed(page, 4)


def answer(page: Page, label: str) -> None:
    step(page, 4).locator("label").filter(has_text=re.compile(rf"^\s*{label}\s*$")).locator("input").check()


def asked(page: Page) -> list[str]:
    """The questions that are shown."""
    legends = step(page, 4).locator("[data-when] legend.lbl:visible, [data-when] .form-label:visible")
    return [text.split("(")[0].strip() for text in legends.all_inner_texts()]


@pytest.mark.parametrize("screen", [PHONE, DESKTOP])
def test_questions_are_asked_as_the_answers_need_them(open_page: Open, screen: Screen) -> None:
    page = open_page("citizen", screen=screen)
    choose(page, "greenery", "tree_danger")
    go_to_words(page)
    assert asked(page) == ["وضعیت درخت چگونه است؟"]
    answer(page, "افتاده است")
    assert asked(page) == ["وضعیت درخت چگونه است؟", "چه چیزی را بسته است؟"]
    answer(page, "پیاده‌رو")
    answer(page, "در خانه یا پارکینگ")
    page.locator("[name=body]").fill(WORDS)
    proceed(page, 5)
    review = page.locator("[data-review-row]:visible")
    assert [" ".join(text.split()) for text in review.locator(".clip").all_inner_texts()] == [
        "افتاده است",
        "پیاده‌رو و در خانه یا پارکینگ",
    ]
    page.locator(wizard.NEXT).click()
    code = wizard.sent(page)
    page.goto(f"/my/{code}")
    expect(page.locator("main")).to_contain_text("چه چیزی را بسته است؟")
    expect(page.locator("main")).to_contain_text("پیاده‌رو، در خانه یا پارکینگ")
    answers = page.locator("dl.kv:has(dd.pre-line)")
    answers.locator("dt").first.evaluate("(dt, text) => { dt.textContent = text; }", LONG_QUESTION)
    assert answers.locator("dd").first.evaluate("dd => dd.clientWidth / dd.parentElement.clientWidth") > 0.4


def test_a_stopping_answer_keeps_the_person_and_says_whom_to_call(open_page: Open) -> None:
    page = open_page()
    choose(page, "greenery", "tree_danger")
    go_to_words(page)
    page.locator("[name=body]").fill(WORDS)
    answer(page, "روی کسی یا خودرویی افتاده است")
    told = step(page, 4).locator("[data-refused]:visible")
    expect(told).to_contain_text("۱۱۵")
    page.locator(wizard.NEXT).click()
    expect(told).to_be_focused()
    expect(step(page, 5)).to_be_hidden()
    answer(page, "کج شده است")
    expect(told).to_have_count(0)
    proceed(page, 5)


def test_a_required_question_is_not_passed_over(open_page: Open) -> None:
    page = open_page()
    choose(page, "greenery", "tree_danger")
    go_to_words(page)
    page.locator("[name=body]").fill(WORDS)
    page.locator(wizard.NEXT).click()
    expect(step(page, 4).locator(".err:visible")).to_have_count(1)
    expect(step(page, 5)).to_be_hidden()
    answer(page, "خشک است")
    expect(step(page, 4).locator(".err:visible")).to_have_count(0)
    proceed(page, 5)


def test_a_category_without_questions_shows_none(open_page: Open) -> None:
    page = open_page()
    choose(page, "roads", "sidewalk")
    go_to_words(page)
    assert asked(page) == []
    page.locator("[name=body]").fill(WORDS)
    proceed(page, 5)
    expect(page.locator("[data-review-row]:visible")).to_have_count(0)


def test_answers_come_back_with_the_draft(open_page: Open) -> None:
    page = open_page()
    choose(page, "greenery", "tree_danger")
    go_to_words(page)
    answer(page, "افتاده است")
    answer(page, "پیاده‌رو")
    expect(page.locator("[data-draft-status]")).not_to_be_empty()
    page.reload()
    expect(step(page, 4).get_by_role("radio", name="افتاده است", exact=True)).to_be_checked()
    assert asked(page) == ["وضعیت درخت چگونه است؟", "چه چیزی را بسته است؟"]
    expect(step(page, 4).get_by_role("checkbox", name="پیاده‌رو")).to_be_checked()


def test_without_a_script_the_form_comes_back_with_the_questions(open_page: Open) -> None:
    page = open_page("citizen", java_script_enabled=False)
    page.goto("/reports/new")
    expect(page.locator("[name=asked]").locator("visible=true")).to_have_count(0)
    page.locator("[name=category][value=tree_danger]").check()
    page.locator("[name=address]").fill(ADDRESS)
    page.locator("[name=body]").fill(WORDS)
    page.locator(wizard.NEXT).click()
    expect(page.locator(".notice.warn").first).to_contain_text("هنوز ارسال نشده")
    assert asked(page) == ["وضعیت درخت چگونه است؟"]
    answer(page, "افتاده است")
    page.locator(wizard.NEXT).click()
    assert asked(page) == ["وضعیت درخت چگونه است؟", "چه چیزی را بسته است؟"]
    answer(page, "سواره‌رو")
    page.locator(wizard.NEXT).click()
    wizard.sent(page)


def test_an_administrator_writes_a_question_by_keyboard(open_page: Open) -> None:
    page = open_page("administrator")
    page.goto("/admin/categories/3/questions")
    page.get_by_role("link", name="افزودن پرسش").click()
    page.get_by_label("پرسش", exact=True).fill("چند سطل؟")
    page.locator("[name=datatype][value=number]").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    expect(page.locator("table")).to_contain_text("چند سطل؟")
    page.locator("a.subj").click()
    page.get_by_role("button", name="حذف").click()
    expect(page.locator("main")).to_contain_text("هنوز پرسشی نیست")
