"""The pages of feedback, and the ready texts of every service."""

from browser.pages.shown import Shown
from browser.people import VISITOR
from browser.samples import Facts
from playwright.sync_api import Page, expect

WORDS = "پیشنهاد می‌کنم ساعت کار بوستان‌ها در تابستان بیشتر شود."


def _send_anonymously(page: Page, found: Facts) -> None:
    page.goto("/feedback/new")
    page.locator("label", has=page.locator("[name=type][value=suggestion]")).click()
    page.locator("[name=body]").fill(WORDS)
    page.locator("label", has=page.locator("[name=sender][value=anonymous]")).click()
    page.locator("main form button.btn-primary").click()
    expect(page.locator("[data-draft-done=feedback]")).to_be_visible()


def _refused(page: Page, found: Facts) -> None:
    page.goto("/feedback/new")
    page.locator("main form button.btn-primary").click()
    expect(page.locator(".err-summary")).to_be_visible()


PAGES = (
    Shown("feedback.new", VISITOR, "/feedback/new"),
    Shown("feedback.new", "citizen", "/feedback/new"),
    Shown("feedback.new", VISITOR, "/feedback/new", reach=_refused, name="refused"),
    Shown("feedback.new", VISITOR, "/feedback/new", reach=_send_anonymously, name="pin"),
    Shown("feedback.sent", "citizen", "/feedback/sent/{message}"),
    Shown("feedback.list", VISITOR, "/feedback"),
    Shown("feedback.desk", "public_relations", "/desk/feedback"),
    Shown("feedback.statistics", "public_relations", "/desk/feedback/statistics?period=all"),
    Shown("feedback.register", "public_relations", "/desk/feedback/new"),
    Shown("feedback.publish", "public_relations", "/desk/feedback/{message}/publish"),
    Shown("kartable.case", "public_relations", "/kartable/cases/{message}", name="message"),
    Shown("kartable.case", "public_relations", "/kartable/cases/{open_message}", name="open_message"),
    Shown("my_case", "citizen", "/my/{message}", name="message"),
    Shown("help.staff", "public_relations", "/help/staff"),
    Shown("questions", "public_relations", "/desk/questions"),
    Shown("questions.new", "public_relations", "/desk/questions/new"),
    Shown("questions.edit", "public_relations", "/desk/questions/1"),
    Shown("questions.delete", "public_relations", "/desk/questions/1/delete"),
    Shown("texts", "public_relations", "/desk/texts"),
    Shown("texts.new", "public_relations", "/desk/texts/new?kind=feedback"),
    Shown("texts.edit", "public_relations", "/desk/texts/{text}"),
)
