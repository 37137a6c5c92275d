"""Retake the picture of the README from the demo: ``PYTHONPATH=tests python docs/pictures/make.py``, with Chromium."""

import tempfile
from io import BytesIO
from pathlib import Path

from browser import people, wizard
from browser.people import PHONE, Screen
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from playwright.sync_api import Browser
from portal import Portal, running

from civicportal.testing.browser import PATIENCE, launched

TARGET = Path(__file__).with_name("portal.png")
DESK = Screen("desk", 1366, 880, touch=False)
#: Pixels: around the screens, of their corners, and of the finished picture.
MARGIN, CORNER, WIDTH = 48, 22, 1480
GROUND, SHADOW = (239, 236, 228), (150, 158, 150)
SELECTED = 2


def kartable(browser: Browser, portal: Portal) -> Image.Image:
    """Show an officer's kartable with some rows selected."""
    page = browser.new_context(base_url=portal.address, locale="fa-IR", **DESK.options).new_page()
    people.sign_in(page, "services")
    page.goto("/kartable")
    for _row in range(SELECTED):
        page.keyboard.press("j")
        page.keyboard.press("x")
    page.evaluate("document.activeElement.blur()")
    return _shot(page.screenshot())


def report_form(browser: Browser, portal: Portal) -> Image.Image:
    """Show the second step of the report form on a phone."""
    context = browser.new_context(base_url=portal.address, locale="fa-IR", **PHONE.options)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto("/reports/new")
    wizard.choose_category(page)
    wizard.proceed(page, 2)
    wizard.choose_place(page, PHONE)
    page.wait_for_load_state("networkidle")
    return _shot(page.screenshot())


def compose(desk: Image.Image, phone: Image.Image) -> Image.Image:
    """Place the screenshots side by side."""
    height = max(desk.height, phone.height) + 2 * MARGIN
    picture = Image.new("RGB", (desk.width + phone.width + 3 * MARGIN, height), GROUND)
    x = MARGIN
    for screen in (desk, phone):
        _place(picture, screen, (x, (height - screen.height) // 2))
        x += screen.width + MARGIN
    size = (WIDTH, round(picture.height * WIDTH / picture.width))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _place(picture: Image.Image, screen: Image.Image, at: tuple[int, int]) -> None:
    mask = Image.new("L", screen.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, screen.width - 1, screen.height - 1), CORNER, fill=255)
    shade = Image.new("L", picture.size, 0)
    shade.paste(mask, (at[0], at[1] + 8))
    shade = ImageChops.multiply(shade.filter(ImageFilter.GaussianBlur(14)), Image.new("L", picture.size, 150))
    picture.paste(SHADOW, (0, 0), shade)
    picture.paste(screen, at, mask)


def _shot(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data)).convert("RGB")


def main() -> None:
    """Run the demo, take the screenshots, write the picture."""
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        database = f"sqlite:///{folder}/portal.db"
        with running(Path(folder), database, people=True) as portal:
            portal.start(worker=True)
            compose(kartable(browser, portal), report_form(browser, portal)).save(TARGET, optimize=True)
            portal.stop()


if __name__ == "__main__":
    main()
