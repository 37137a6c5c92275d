"""The staff desk and the kartable."""

from browser.pages.shown import Shown
from browser.samples import Facts
from playwright.sync_api import Page, expect


def _select(page: Page, action: str) -> None:
    page.goto("/kartable")
    page.locator("[data-row] input[type=checkbox]").first.check()
    page.locator(f"[name=action][value={action}]").click()
    expect(page.locator("#chosen-title")).to_be_visible()


def _refer_many(page: Page, found: Facts) -> None:
    _select(page, "refer")


def _step_many(page: Page, found: Facts) -> None:
    _select(page, "step")


def _take_one(page: Page, found: Facts) -> None:
    page.goto("/kartable")
    page.locator("[data-row] input[type=checkbox]").last.check()
    page.locator("[name=action][value=take]").click()
    page.wait_for_url("**/kartable/bulk/result")


def _assign_many(page: Page, found: Facts) -> None:
    _select(page, "assign")


def _hand_on(page: Page, found: Facts) -> None:
    page.goto("/desk/team")
    page.locator("table.team a.btn").last.click()
    expect(page.locator("[name=which]").first).to_be_attached()


PAGES = (
    Shown("desk", "administrator", "/desk"),
    Shown("desk", "handler", "/desk"),
    Shown("kartable", "handler", "/kartable"),
    Shown("kartable", "administrator", "/kartable?view=overdue"),
    Shown("kartable", "observer", "/kartable", name="empty"),
    Shown("kartable.unattended", "administrator", "/kartable/unattended"),
    Shown("kartable", "administrator", "/kartable?holder=-", name="team"),
    Shown("team", "administrator", "/desk/team"),
    Shown("team.balance", "administrator", "/desk/team/balance"),
    Shown("team.hand_on", "administrator", "/desk/team", reach=_hand_on),
    Shown("kartable.bulk", "handler", "/kartable/bulk", reach=_assign_many, name="assign"),
    Shown("kartable.case", "handler", "/kartable/cases/{case}"),
    Shown("kartable.case", "observer", "/kartable/cases/{case}"),
    Shown("kartable.case", "administrator", "/kartable/cases/{closed}", name="closed"),
    Shown("kartable.step", "handler", "/kartable/cases/{case}/reject"),
    Shown("kartable.correct", "handler", "/kartable/cases/{case}/correct"),
    Shown("kartable.preview", "handler", "/kartable/cases/{case}/preview?transition=start_review"),
    Shown("kartable.bulk", "handler", "/kartable/bulk", reach=_refer_many, name="refer"),
    Shown("kartable.bulk", "handler", "/kartable/bulk", reach=_step_many, name="step"),
    Shown("kartable.bulk_result", "handler", "/kartable/bulk/result", reach=_take_one),
)
