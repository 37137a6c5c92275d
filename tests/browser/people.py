"""People of the demo at their browsers: what they look at, how they sign in."""

import re
import time
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from playwright.sync_api import Page, expect

from civicportal.portal.demo.runner import PASSWORD

#: The people who act in the tests, by what they are: their mobiles, and the user names of staff.
CITIZENS = {"citizen": "09000000001", "neighbour": "09000000002", "applicant": "09000000012"}
STAFF = {
    "administrator": ("admin", "09000000101"),
    "office_manager": ("office", "09000000102"),
    "public_relations": ("pr", "09000000103"),
    "handler": ("civil1", "09000000109"),
    "colleague": ("civil2", "09000000110"),
    "services": ("services1", "09000000105"),
    "observer": ("observer", "09000000120"),
}
VISITOR = "visitor"
#: A person with an authenticator app, by user name and mobile, and their recovery codes: each counts once.
CAREFUL = ("fire1", "09000000117")
RECOVERY_CODES = [f"abcde-{number:05}" for number in range(20)]
#: Seconds until a message must have arrived.
ARRIVAL = 60
#: Milliseconds until one looks again: the worker that brings it needs the machine too.
PAUSE = 100


@dataclass(frozen=True)
class Screen:
    """A size of window, in CSS pixels, and whether it is touched."""

    name: str
    width: int
    height: int
    touch: bool

    @property
    def options(self) -> dict[str, Any]:
        """Return it as options of a browser context."""
        return {
            "viewport": {"width": self.width, "height": self.height},
            "has_touch": self.touch,
            "is_mobile": self.touch,
        }


PHONE = Screen("phone", 390, 844, touch=True)
DESKTOP = Screen("desktop", 1366, 900, touch=False)


def persian(text: str) -> str:
    """Write the digits as a Persian keyboard does."""
    return text.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))


def number(text: str) -> int:
    """Read a number as the pages write it."""
    return int(re.sub(r"\D", "", text))


def messages(page: Page, mobile: str) -> list[str]:
    """Read the messages on a person's phone, newest first, in a separate tab."""
    phone = page.context.new_page()
    phone.goto(f"/demo/phones/{mobile}")
    found = phone.locator(".sms").all_inner_texts()
    phone.close()
    return found


def wait_for_message(page: Page, mobile: str, pattern: str, *, seen: list[str]) -> str:
    """Reload a person's phone until a new message matches the pattern, and return the message.

    :param seen: the messages that were there before.
    """
    ends = time.monotonic() + ARRIVAL
    phone = page.context.new_page()
    while time.monotonic() < ends:
        phone.goto(f"/demo/phones/{mobile}")
        texts = phone.locator(".sms").all_inner_texts()
        new = takewhile(lambda text: text not in seen[:1], texts)
        found = [text for text in new if re.search(pattern, text)]
        if found:
            phone.close()
            return found[0]
        phone.wait_for_timeout(PAUSE)  # the worker sends in its own time, and the page does not update itself
    raise AssertionError(f"no message like {pattern!r} on the phone {mobile}: {texts[:3]}")


def enter_code(page: Page, mobile: str, seen: list[str]) -> None:
    """Read the code that has just come and type it."""
    text = wait_for_message(page, mobile, r"\b\d{6}\b", seen=seen)
    found = re.search(r"\b\d{6}\b", text)
    assert found
    page.locator("[name=code]").fill(persian(found[0]))
    page.locator("form:has([name=code]) button.btn-primary").click()


def enter_mobile(page: Page, mobile: str) -> None:
    """Complete the citizens' sign-in that the page shows."""
    seen = messages(page, mobile)
    page.locator("[name=mobile]").fill(persian(mobile))
    page.locator("form:has([name=mobile]) button.btn-primary").click()
    expect(page.locator("[name=code]")).to_be_visible()
    enter_code(page, mobile, seen)


def sign_in_citizen(page: Page, mobile: str) -> None:
    """Sign in as a citizen and wait for the list of own cases."""
    page.goto("/login")
    enter_mobile(page, mobile)
    page.wait_for_url("**/my")


def sign_in_staff(page: Page, username: str, mobile: str) -> None:
    """Sign in as staff and wait for the desk."""
    seen = messages(page, mobile)
    page.goto("/staff/login")
    page.locator("[name=username]").fill(username)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form:has([name=password]) button.btn-primary").click()
    expect(page.locator("[name=code]")).to_be_visible()
    enter_code(page, mobile, seen)
    page.wait_for_url("**/desk")


def sign_in(page: Page, role: str) -> None:
    """Sign a person in, as a citizen or as staff."""
    if role in CITIZENS:
        sign_in_citizen(page, CITIZENS[role])
    else:
        sign_in_staff(page, *STAFF[role])
