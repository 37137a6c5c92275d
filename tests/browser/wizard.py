"""Fill in the report form, and sample pictures of phones."""

import re
from io import BytesIO
from pathlib import Path

from browser.people import Screen
from PIL import Image
from playwright.sync_api import Locator, Page, expect

ROOT, CATEGORY = "معابر و آسفالت", "چاله و خرابی آسفالت"
STREET = "بلوار سپیدار"
WORDS = "چالهٔ بزرگی روبه‌روی شمارهٔ ۱۲ باز شده و شب‌ها دیده نمی‌شود."
ADDRESS = "خیابان نارون، روبه‌روی شمارهٔ ۸"
#: Points inside and outside the example city.
INSIDE = {"latitude": 33.051, "longitude": 52.201}
OUTSIDE = {"latitude": 33.6, "longitude": 52.9}
NEXT = "[data-next]"


def photo(folder: Path, name: str = "street.jpg") -> Path:
    """Write a picture of twelve million points that says where it was taken."""
    image = Image.effect_noise((80, 60), 60).resize((4000, 3000), Image.Resampling.BICUBIC).convert("RGB")
    exif = Image.Exif()
    exif[0x010F] = "A telephone"
    exif.get_ifd(0x8825).update({1: "N", 2: (33.0, 3.0, 2.0), 3: "E", 4: (52.0, 12.0, 1.0)})
    path = folder / name
    image.save(path, "JPEG", quality=95, exif=exif)
    return path


def carries_position(picture: bytes) -> bool:
    """Return whether a picture says anything of where, when and with what it was taken."""
    return bool(Image.open(BytesIO(picture)).getexif())


def step(page: Page, number: int) -> Locator:
    """Return the section of a step."""
    return page.locator(f"[data-step='{number}']")


def proceed(page: Page, number: int) -> None:
    """Go on, and wait for the step."""
    page.locator(NEXT).click()
    expect(step(page, number)).to_be_visible()


def pass_place(page: Page) -> bool:
    """Go on from the place to the words; return whether similar reports were shown between them."""
    page.locator(NEXT).click()
    expect(step(page, 3).or_(step(page, 4)).filter(visible=True)).to_have_count(1)
    similar = step(page, 3).is_visible()
    if similar:
        proceed(page, 4)
    return similar


def choose_category(page: Page) -> None:
    """Open the main category, choose the category, whatever the language of the page."""
    page.locator("label.choice:has([name=root][value=roads])").click()
    page.locator("label.choice:has([name=category][value=pothole])").click()


def move_by_keyboard(page: Page) -> None:
    """Move the map with an arrow key: one, for a second may begin after the first has arrived, or not count at all."""
    page.locator("[data-map=picker]").focus()
    page.keyboard.press("ArrowUp")


def move_by_touch(page: Page) -> None:
    """Move the map with a finger."""
    box = page.locator("[data-map=picker]").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for moved in (20, 40, 60):
        point = {"x": x + moved / 2, "y": y + moved}
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


def choose_place(page: Page, screen: Screen) -> None:
    """Move the map under the pin, by finger or by keyboard, and wait for the name of the place."""
    expect(page.locator("[data-map=picker] .leaflet-tile-pane")).to_be_attached()
    if screen.touch:
        move_by_touch(page)
    else:
        move_by_keyboard(page)
    expect(page.locator("#picker-lat")).to_have_value(re.compile(r"^33\.\d+$"))
    expect(page.locator("[data-place-name]")).to_be_visible()


def fill_in(page: Page, screen: Screen, words: str = WORDS) -> None:
    """Fill in the form up to its last step."""
    page.goto("/reports/new")
    choose_category(page)
    proceed(page, 2)
    choose_place(page, screen)
    pass_place(page)
    page.locator("[name=body]").fill(words)
    proceed(page, 5)


def send(page: Page) -> str:
    """Send the form and return the tracking code."""
    page.locator(NEXT).click()
    return sent(page)


def sent(page: Page) -> str:
    """Wait for the page that follows a sent form, and return the tracking code."""
    page.wait_for_url("**/reports/sent/*")
    return page.url.rsplit("/", 1)[1]
