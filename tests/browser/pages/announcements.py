"""The pages of announcements."""

from browser.pages.shown import Shown
from browser.people import VISITOR
from browser.samples import Facts
from playwright.sync_api import Page, expect


def _confirm(page: Page, found: Facts) -> None:
    page.goto("/desk/announcements/broadcasts/new")
    page.locator("[name=text]").fill("فردا از ساعت ۸ تا ۱۴ آب خیابان سعدی قطع است.")
    page.locator("main form button.btn-primary").click()
    expect(page.locator("[name=number]")).to_be_visible()


def _refused(page: Page, found: Facts) -> None:
    page.goto("/desk/announcements/new")
    page.locator("[name=action][value=publish]").click()
    expect(page.locator(".err-summary")).to_be_visible()


PAGES = (
    Shown("announcements.list", VISITOR, "/announcements"),
    Shown("announcements.list", "citizen", "/announcements?view=ended", name="ended"),
    Shown("announcements.page", VISITOR, "/announcements/{post}"),
    Shown("announcements.page", "citizen", "/announcements/{ended_post}", name="ended"),
    Shown("announcements.desk", "public_relations", "/desk/announcements"),
    Shown("announcements.desk", "public_relations", "/desk/announcements?view=draft", name="draft"),
    Shown("announcements.desk", "public_relations", "/desk/announcements?view=deleted", name="deleted"),
    Shown("announcements.new", "public_relations", "/desk/announcements/new"),
    Shown("announcements.new", "public_relations", "/desk/announcements/new", reach=_refused, name="refused"),
    Shown("announcements.edit", "public_relations", "/desk/announcements/{post}"),
    Shown("announcements.preview", "public_relations", "/desk/announcements/{post}/preview"),
    Shown("announcements.broadcasts", "public_relations", "/desk/announcements/broadcasts"),
    Shown("announcements.broadcast_new", "public_relations", "/desk/announcements/broadcasts/new"),
    Shown(
        "announcements.broadcast_new",
        "public_relations",
        "/desk/announcements/broadcasts/new",
        reach=_confirm,
        name="confirm",
    ),
    Shown("announcements.broadcast", "public_relations", "/desk/announcements/broadcasts/{broadcast}"),
)
