"""Drafts of forms: owners, and removal after submission."""

import pytest
from browser.conftest import Open
from browser.people import PHONE, Screen, enter_mobile, sign_in_citizen
from browser.test_feedback import WORDS, choose
from browser.test_pages import barriers
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
OTHER = "در بوستان نارون چراغ‌های کنار زمین بازی روشن نمی‌شود."


def write(page: Page, words: str = WORDS) -> None:
    """Write a message and wait until its draft is kept."""
    page.goto("/feedback/new")
    choose(page, "type", "suggestion")
    page.locator("[name=body]").fill(words)
    page.wait_for_function("words => JSON.stringify(localStorage).includes(words)", arg=words)


def send(page: Page) -> str:
    """Send it and return the tracking code."""
    page.locator("main form button.btn-primary").click()
    expect(page.locator("[data-draft-done=feedback]")).to_be_visible()
    page.wait_for_load_state()
    return str(page.locator(".codes [data-copy]").first.get_attribute("data-copy"))


def test_two_tabs_of_one_draft_send_what_each_says(open_page: Open) -> None:
    page = open_page("citizen", PHONE)
    write(page)
    same, other = page.context.new_page(), page.context.new_page()
    for tab in (same, other):
        tab.goto("/feedback/new")
        expect(tab.locator("[name=body]")).to_have_value(WORDS)
    code = send(page)
    assert send(same) == code
    other.locator("[name=body]").fill(OTHER)
    assert send(other) != code


def drafts(page: Page) -> dict[str, str]:
    """Return what this browser keeps, by owner."""
    kept = page.evaluate("Object.entries(localStorage).filter(([key]) => key.startsWith('draft:feedback:'))")
    return {key.removeprefix("draft:feedback:"): text for key, text in kept}


def test_a_draft_of_before_the_sign_in_is_offered(open_page: Open, screen: Screen) -> None:
    page = open_page(screen=screen)
    write(page)
    sign_in_citizen(page, "09000000016" if screen.touch else "09000000017")
    page.goto("/feedback/new")
    expect(page.locator("[name=body]")).to_have_value("")
    expect(page.locator("[data-draft-status]")).to_contain_text("پیش از ورود")
    assert barriers(page) == []
    page.locator("[data-draft-take]").click()
    expect(page.locator("[name=body]")).to_have_value(WORDS)
    assert list(drafts(page)) != [""]
    send(page)
    assert drafts(page) == {}


def test_a_draft_of_before_the_sign_in_can_be_thrown_away(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    write(page)
    sign_in_citizen(page, "09000000018")
    page.goto("/feedback/new")
    page.locator("[data-draft-clear]").click()
    expect(page.locator("[data-draft-clear]")).to_be_hidden()
    assert drafts(page) == {}


def test_what_one_sends_leaves_the_drafts_of_others(open_page: Open) -> None:
    page = open_page("citizen", PHONE)
    page.goto("/")
    page.evaluate("""for (const owner of ['', '999999']) {
        localStorage.setItem('draft:feedback:' + owner, JSON.stringify({ fields: {}, photos: [] }));
    }""")
    page.goto("/feedback/new")
    choose(page, "type", "suggestion")
    page.locator("[name=body]").fill(OTHER)
    page.wait_for_function("words => JSON.stringify(localStorage).includes(words)", arg=OTHER)
    send(page)
    assert sorted(drafts(page)) == ["", "999999"]


def test_a_form_sent_after_the_sign_in_leaves_no_draft(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    write(page)
    page.locator("main form button.btn-primary").click()
    page.wait_for_url("**/login?**")
    enter_mobile(page, "09000000019")
    expect(page.locator("[data-draft-done=feedback]")).to_be_visible()
    page.wait_for_load_state()
    assert drafts(page) == {}


def test_a_browser_without_a_store_goes_on(open_page: Open) -> None:
    page = open_page("citizen", PHONE)
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('refused'); } })"
    )
    page.goto("/feedback/new")
    choose(page, "type", "suggestion")
    page.locator("[name=body]").fill(WORDS)
    send(page)
    assert page.evaluate("typeof window.civicportal") == "object"


def test_a_draft_with_the_key_of_a_prototype_changes_no_other_object(open_page: Open) -> None:
    page = open_page("citizen", PHONE)
    write(page)
    page.evaluate(
        """() => {
            const [key] = Object.keys(localStorage).filter((name) => name.startsWith('draft:feedback:'));
            const draft = localStorage.getItem(key).replace('"fields":{', '"fields":{"__proto__":{"polluted":["yes"]},');
            localStorage.setItem(key, draft);
            const field = document.createElement('input');
            field.name = '__proto__';
            document.querySelector('[data-draft]').append(field);
        }"""
    )
    tab = page.context.new_page()
    tab.goto("/feedback/new")
    expect(tab.locator("[name=body]")).to_have_value(WORDS)
    # The form that has such a field is saved once more.
    page.locator("[name=body]").fill(OTHER)
    page.wait_for_function("words => JSON.stringify(localStorage).includes(words)", arg=OTHER)
    for one in (page, tab):
        assert one.evaluate(
            "Object.getOwnPropertyNames(Object.prototype).includes('polluted') || ({}).polluted"
        ) in (None, False)
        assert one.evaluate("Object.prototype.toString.call(Object.prototype)") == "[object Object]"
