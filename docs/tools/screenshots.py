"""Retake the screenshots of the Persian guide from the demo: ``PYTHONPATH=tests python -m docs.tools.screenshots``.

It fills a demo of its own, serves it, looks at it with Chromium, and writes ``docs/fa/pictures``; it needs a few
minutes.
"""

import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from browser import meetings, people, wizard
from browser.people import DESKTOP, PHONE, VISITOR, Screen
from PIL import Image
from playwright.sync_api import Browser, Page
from portal import Portal, running
from sqlalchemy import select

from civicportal.domain.accounts.models import User
from civicportal.domain.cases.models import Case
from civicportal.testing.browser import PATIENCE, launched

FOLDER = Path(__file__).parents[1] / "fa/pictures"
QUALITY = 78
"""Of WebP: letters stay sharp, and a picture of a desk stays under 90 KB."""
Step = Callable[[Page], object]


def at(address: str) -> Step:
    """Return a step that opens a page."""
    return lambda page: page.goto(address)


def place(page: Page) -> None:
    """Go to the second step of the report form and place the pin."""
    page.goto("/reports/new")
    wizard.choose_category(page)
    wizard.proceed(page, 2)
    wizard.choose_place(page, PHONE)


def kartable(page: Page) -> None:
    """Open the kartable and select two rows."""
    page.goto("/kartable")
    for _row in range(2):
        page.keyboard.press("j")
        page.keyboard.press("x")
    page.evaluate("document.activeElement.blur()")


def own_case(portal: Portal) -> str:
    """Return the code of a report of the citizen that is in progress and was answered."""
    number = portal.site.country.normalize_mobile(people.CITIZENS["citizen"])
    query = (
        select(Case.code)
        .join(User, User.id == Case.citizen_id)
        .where(User.mobile == number, Case.kind == "reports")
        .order_by(Case.stage == "registered", Case.id.desc())
    )
    with portal.site.work(write=False) as work:
        return work.session.scalars(query).first() or ""


def shown(portal: Portal) -> dict[str, tuple[str, Screen, Step]]:
    """Return the screenshots by name: browser, size, and steps to the page."""
    return {
        "phone-home": (VISITOR, PHONE, at("/")),
        "phone-place": (VISITOR, PHONE, place),
        "phone-case": ("citizen", PHONE, at(f"/my/{own_case(portal)}")),
        "phone-meeting": (VISITOR, PHONE, meetings.say_why),
        "desk-kartable": ("services", DESKTOP, kartable),
        "desk-case": ("services", DESKTOP, first_case),
        "desk-statistics": ("observer", DESKTOP, at("/desk/reports/statistics")),
        "desk-meetings": ("office_manager", DESKTOP, at("/desk/meetings")),
        "desk-announcements": ("public_relations", DESKTOP, at("/desk/announcements")),
        "desk-members": ("administrator", DESKTOP, at("/admin/members")),
    }


def first_case(page: Page) -> None:
    """Open the case that comes first in the kartable."""
    page.goto("/kartable")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/kartable/cases/*")


def look(
    browser: Browser, portal: Portal, states: dict[str, object], picture: tuple[str, Screen, Step]
) -> bytes:
    """Return a screenshot as PNG."""
    who, screen, come = picture
    context = browser.new_context(
        base_url=portal.address,
        locale="fa-IR",
        timezone_id="Asia/Tehran",
        reduced_motion="reduce",
        storage_state=states.get(who),  # type: ignore[arg-type]  # as the browser gave it
        **screen.options,
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    if who != VISITOR and who not in states:
        people.sign_in(page, who)
        states[who] = context.storage_state()
    come(page)
    page.wait_for_load_state("networkidle")
    found = page.screenshot()
    context.close()
    return found


def main() -> None:
    """Run the demo, take the screenshots, write them."""
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), f"sqlite:///{folder}/portal.db", people=True) as portal,
        launched() as browser,
    ):
        portal.start(worker=True)
        states: dict[str, object] = {}
        for name, picture in shown(portal).items():
            image = Image.open(BytesIO(look(browser, portal, states, picture))).convert("RGB")
            image.save(FOLDER / f"{name}.webp", quality=QUALITY, method=6)
        portal.stop()


if __name__ == "__main__":
    main()
