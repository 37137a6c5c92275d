"""The staff desk and the kartable."""

from browser.pages.shown import Shown
from browser.people import VISITOR
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


def _save_view(page: Page) -> None:
    page.goto("/kartable?view=new")
    if page.locator(".own-tools [name=name]").count():
        page.locator(".own-tools summary").first.click()
        page.locator(".own-tools [name=name]").fill("تازه‌های من")
        page.locator(".own-tools form[action='/desk/views'] button").click()
        expect(page.locator("a[data-own-view]").first).to_be_visible()


def _views(page: Page, found: Facts) -> None:
    _save_view(page)
    page.goto("/desk/views")


def _edit_view(page: Page, found: Facts) -> None:
    _views(page, found)
    page.locator("a[href^='/desk/views/']").first.click()
    expect(page.locator("[name=owner]").first).to_be_attached()


def _delete_view(page: Page, found: Facts) -> None:
    _views(page, found)
    page.locator("a[href$='/delete']").first.click()
    expect(page.locator("form button.btn-danger")).to_be_visible()


def _name_twice(page: Page, found: Facts) -> None:
    _save_view(page)
    page.goto("/kartable?view=overdue")
    page.locator(".own-tools summary").first.click()
    page.locator(".own-tools [name=name]").fill("تازه‌های من")
    page.locator(".own-tools form[action='/desk/views'] button").click()
    expect(page.locator(".is-invalid")).to_be_visible()


def _split_case(page: Page, found: Facts) -> None:
    page.goto("/kartable?view=asked&kind=reports&holder=team")
    page.locator("[data-row] a.subj").first.click()
    expect(page.locator("[data-job]").first).to_be_visible()


def _print_many(page: Page, found: Facts) -> None:
    page.goto("/kartable")
    page.locator("[data-row] input[type=checkbox]").first.check()
    page.locator("[name=action][value=print]").click()
    expect(page.locator("article.sheet")).to_be_visible()


def _note_many(page: Page, found: Facts) -> None:
    _select(page, "note")


def _copy_many(page: Page, found: Facts) -> None:
    _select(page, "copy")


def _link(page: Page, found: Facts) -> None:
    page.goto(f"/kartable/cases/{found['case']}/contractor")
    page.locator("#name").fill("پیمانکاری نمونه")
    page.locator("main form button.btn-primary").click()
    expect(page.locator("#link")).to_be_visible()


PAGES = (
    Shown("call", "public_relations", "/desk/call"),
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
    Shown("kartable.case", "administrator", "/kartable", reach=_split_case, name="split"),
    Shown("kartable.step", "handler", "/kartable/cases/{case}/reject"),
    Shown("kartable.split", "handler", "/kartable/cases/{case}/split"),
    Shown("kartable.contractor", "handler", "/kartable/cases/{case}/contractor"),
    Shown("kartable.contractor", "handler", "/kartable/cases/{case}/contractor", reach=_link, name="link"),
    Shown("kartable.case", "handler", "/kartable/cases/{answered}", name="answered"),
    Shown("contractor", VISITOR, "/job/{job}"),
    Shown("contractor", VISITOR, "/job/{answered_job}", name="answered"),
    Shown("contractor", VISITOR, "/job/nothing", status=404, name="ended"),
    Shown("kartable.correct", "handler", "/kartable/cases/{case}/correct"),
    Shown("kartable.preview", "handler", "/kartable/cases/{case}/preview?transition=start_review"),
    Shown("kartable.bulk", "handler", "/kartable/bulk", reach=_refer_many, name="refer"),
    Shown("kartable.bulk", "handler", "/kartable/bulk", reach=_step_many, name="step"),
    Shown("kartable.bulk", "handler", "/kartable/bulk", reach=_note_many, name="note"),
    Shown("kartable.bulk", "handler", "/kartable/bulk", reach=_copy_many, name="copy"),
    Shown("kartable.print", "handler", "/kartable/print", reach=_print_many),
    Shown("own_views", "handler", "/desk/views", name="empty"),
    Shown("own_views", "administrator", "/desk/views", reach=_views),
    Shown("own_views", "administrator", "/desk/views", reach=_name_twice, name="taken"),
    Shown("own_views.edit", "administrator", "/desk/views", reach=_edit_view),
    Shown("own_views.delete", "administrator", "/desk/views", reach=_delete_view),
    Shown("kartable.bulk_result", "handler", "/kartable/bulk/result", reach=_take_one),
)
