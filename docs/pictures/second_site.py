"""Retake the pictures of the second site: ``python docs/pictures/second_site.py http://127.0.0.1:6543``.

Its demo must be running there (``make demo SITE=rivertown``); needs chromium.
"""

import re
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page

from civicportal.portal.demo.runner import PASSWORD
from civicportal.testing.browser import launched

HERE = Path(__file__).parent
PHONE: Any = {"width": 390, "height": 844}
DESK: Any = {"width": 1280, "height": 820}
#: Name, address, window, who looks.
PICTURES = (
    ("rivertown-home", "/", DESK, ""),
    ("rivertown-permit", "/parking_permits/new", PHONE, ""),
    ("rivertown-desk", "/desk/parking_permits", DESK, "admin"),
    ("rivertown-calendar", "/admin/calendar", DESK, "admin"),
)
WIDTHS = {390: 300, 1280: 760}
"""Pixels of the finished pictures, by the width of the window."""


def sign_in(page: Page, username: str) -> None:
    """Sign in as staff; the code is on the demo's phone, above those of earlier runs."""
    phone = page.context.new_page()
    phone.goto("/demo/phones/0700000101")
    before = _newest(phone)
    page.goto("/staff/login")
    page.locator("[name=username]").fill(username)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form:has([name=password]) button.btn-primary").click()
    code = page.locator("[name=code]")
    code.wait_for()
    while (text := _newest(phone)) == before or not (found := re.search(r"\b\d{6}\b", text)):
        phone.reload()
    phone.close()
    code.fill(found[0])
    page.locator("form:has([name=code]) button.btn-primary").click()
    page.wait_for_url("**/desk")


def _newest(phone: Page) -> str:
    return next(iter(phone.locator(".sms").all_inner_texts()), "")


def take(browser: Browser, base: str) -> None:
    """Take all pictures."""
    states: dict[str, Any] = {"": None}
    for name, path, window, who in PICTURES:
        if who not in states:
            context = browser.new_context(base_url=base, locale="en")
            sign_in(context.new_page(), who)
            states[who] = context.storage_state()
            context.close()
        context = browser.new_context(base_url=base, locale="en", viewport=window, storage_state=states[who])
        page = context.new_page()
        page.goto(path, wait_until="networkidle")
        picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
        width = WIDTHS[window["width"]]
        small = picture.resize(
            (width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS
        )
        small.save(HERE / f"{name}.webp", quality=78, method=6)
        context.close()


if __name__ == "__main__":
    with launched() as chromium:
        take(chromium, sys.argv[1])
