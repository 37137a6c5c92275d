"""The staff's pages, as an officer uses them."""

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

#: Keys by their place on the keyboard, with the letter that the Persian layout writes.
PERSIAN_LETTERS = {
    "KeyJ": "ت",
    "KeyK": "ن",
    "KeyX": "ط",
    "KeyS": "س",
    "KeyR": "ق",
    "KeyC": "ز",
    "KeyZ": "ظ",
    "Slash": "/",
}
ANSWER = "چاله با آسفالت گرم ترمیم شد."
TOAST = "[data-toast]"


def press(page: Page, code: str, *, shift: bool = False) -> None:
    """Press a key as a keyboard with the Persian layout does."""
    page.evaluate(
        """([code, key, shiftKey]) => document.activeElement.dispatchEvent(
            new KeyboardEvent('keydown', {code, key, shiftKey, bubbles: true, cancelable: true}))""",
        [code, PERSIAN_LETTERS[code], shift],
    )


def open_case(page: Page, code: str) -> None:
    """Open the page of a case."""
    page.goto(f"/kartable/cases/{code}")
    expect(page.locator("#words-title")).to_be_attached()


def open_tab(page: Page, name: str) -> Locator:
    """Open one of the tabs of the actions and return its panel."""
    # Before the script has run, a tab is a mere word.
    page.wait_for_load_state()
    page.locator(f"#tab-{name}").click()
    panel = page.locator(f"#panel-of-{name}")
    expect(panel).to_be_visible()
    return panel


def choose_step(page: Page, transition: str) -> Locator:
    """Choose a step and return its form."""
    open_tab(page, "step")
    page.locator("[data-step-choice]").select_option(f"panel-{transition}")
    panel = page.locator(f"#panel-{transition}")
    expect(panel).to_be_visible()
    return panel


def take_step(page: Page, transition: str, words: str = "", photo: Path | None = None) -> None:
    """Take a step of the workflow and stay with the case."""
    panel = choose_step(page, transition)
    if words:
        panel.locator("[name=public_text]").fill(words)
    if photo:
        panel.locator("[data-photo-input]").set_input_files(photo)
        expect(panel.locator("[data-photo] input[name=photos]")).to_be_attached()
    panel.locator("[name=then][value=stay]").click()
    expect(page.locator(TOAST).first).to_be_visible()
    page.wait_for_load_state()


def refer(page: Page, unit: str, note: str) -> None:
    """Refer the case to a unit, by its name."""
    panel = open_tab(page, "refer")
    panel.locator("[name=unit]").select_option(label=unit)
    panel.locator("[name=note]").fill(note)
    panel.locator("[name=then][value=next]").click()
    page.wait_for_load_state()


def comment(page: Page, words: str, *, public: bool = False) -> None:
    """Write an internal note, or an expert comment that the citizen reads."""
    panel = open_tab(page, "comment")
    panel.locator(f"[name=sort][value={'expert' if public else 'note'}]").check()
    panel.locator("[name=public]").set_checked(public)
    panel.locator("[name=text]").fill(words)
    panel.locator("[data-default]").click()
    expect(page.locator(TOAST).first).to_be_visible()
    page.wait_for_load_state()


def preview(page: Page, transition: str) -> str:
    """Return the SMS that the page shows beside the form of a step."""
    bubble = choose_step(page, transition).locator("[data-preview] .sms")
    expect(bubble).to_be_visible()
    return bubble.inner_text()
