"""What a screen reader says: the phrases of pages in order, in Persian, with the roles of what they are."""

import re
from functools import cache
from pathlib import Path

import pytest
from browser import wizard
from browser.conftest import Open
from browser.people import PHONE
from playwright.sync_api import Page

pytestmark = pytest.mark.browser
#: Goes from one thing to the next, as the arrow key of a screen reader does, at most as often as a page has things.
READ = """async (most) => {
    await screenReader.start({ container: document.body })
    for (let n = 0; n < most && (await screenReader.lastSpokenPhrase()) !== 'end of document'; n++) {
        await screenReader.next()
    }
    const phrases = await screenReader.spokenPhraseLog()
    await screenReader.stop()
    return phrases
}"""
MOST = 3000
SKIP_LINK = "link, پرش به محتوای اصلی"


@cache
def _reader() -> str:
    """Return the script with its reader as a global name, since a page of the portal accepts no foreign module."""
    source = (Path(__file__).parent / "vendor/virtual-screen-reader.js").read_text(encoding="utf-8")
    before, _export, names = source.partition("export{")
    [reader] = re.findall(r"([\w$]+) as virtual\b", names)
    return f"(() => {{ {before}; globalThis.screenReader = {reader}; }})()"


def spoken(page: Page) -> list[str]:
    """Return the phrases of the page from its beginning to its end."""
    page.wait_for_load_state()
    page.evaluate(_reader())
    phrases: list[str] = page.evaluate(READ, MOST)
    assert phrases[-1] == "end of document"
    return phrases


def assert_said(phrases: list[str], *expected: str) -> None:
    """Assert that these phrases are said, each after the one before; ``*`` stands for any words."""
    rest = iter(phrases)
    for phrase in expected:
        pattern = re.compile(re.escape(phrase).replace(r"\*", ".*"))
        assert any(pattern.fullmatch(said) for said in rest), (phrase, phrases)


def test_home(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    page.goto("/")
    assert_said(
        spoken(page),
        "document",
        SKIP_LINK,
        "banner",
        "main",
        "heading, شهرِمَن را با هم بهتر می‌سازیم, level 1",
        "link, گزارش مشکل",
        "search",
        "textbox, کد رهگیری, *",
        "button, پیگیری",
        "region, خدمات",
        "heading, خدمات, level 2",
        "link, ملاقات با شهردار *",
        "region, تازه‌ترین گزارش‌های شهر",
        "button, بزرگ‌نمایی, *",
        "end of main",
        "contentinfo",
        "navigation, ناوبری پایین صفحه",
        "link, خانه, current page",
    )


def test_first_step_of_a_report(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    page.goto("/reports/new")
    phrases = spoken(page)
    assert_said(
        phrases,
        SKIP_LINK,
        "main",
        "list, مراحل گزارش",
        "listitem, level 1, current step, position 1, set size 4",
        "موضوع",
        "heading, مشکل دربارهٔ چیست؟, level 1",
        "searchbox, جستجوی موضوع, *",
        "group, موضوع اصلی",
        "radio, معابر و آسفالت *, not checked, *",
        "button, ادامه*",
    )
    assert not [phrase for phrase in phrases if wizard.CATEGORY in phrase], (
        "those of a group that is not open"
    )


def test_tracking(open_page: Open) -> None:
    page = open_page(screen=PHONE)
    page.goto("/track")
    assert_said(
        spoken(page),
        SKIP_LINK,
        "main",
        "heading, پیگیری درخواست, level 1",
        "form",
        "textbox, کد رهگیری, ده رقم؛ فاصله میان رقم‌ها مهم نیست., required",
        "textbox, چهار رقم پایانی تلفن همراه شما، یا رمز پیگیری, *",
        "button, پیگیری",
        "end of main",
        "link, پیگیری, current page",
    )


def test_kartable(open_page: Open) -> None:
    page = open_page("handler")
    page.goto("/kartable")
    assert_said(
        spoken(page),
        SKIP_LINK,
        "main",
        "heading, کارتابل من, level 1",
        "link, همهٔ باز *, current page",
        "table, *",
        "columnheader, عنوان*",
        "columnheader, مهلت*",
        "row*",
        "checkbox, *",
        "link, *",
        "end of main",
    )
