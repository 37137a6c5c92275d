"""Public pages and pages of citizens: home, follow-up, own cases."""

from browser.pages.shown import Shown
from browser.people import VISITOR
from browser.samples import Facts
from playwright.sync_api import Page


def _track(page: Page, found: Facts) -> None:
    page.goto("/track")
    page.locator("[name=code]").fill(found["own"])
    page.locator("[name=proof]").fill(found["mobile"][-4:])
    page.locator("main form button.btn-primary").click()
    page.wait_for_url(f"**/track/{found['own']}")


PAGES = (
    Shown("words", VISITOR, "/privacy"),
    Shown("home", VISITOR, "/"),
    Shown("help", VISITOR, "/help"),
    Shown("help", VISITOR, "/help?q=کد", name="search"),
    Shown("accessibility", VISITOR, "/accessibility"),
    Shown("api", VISITOR, "/api/v1/"),
    Shown("api.root", VISITOR, "/api/v1"),
    Shown("home", "citizen", "/"),
    Shown("figures", VISITOR, "/statistics"),
    Shown("open_data", VISITOR, "/open-data"),
    Shown("open_data_embed", VISITOR, "/open-data/embed"),
    Shown("track", VISITOR, "/track"),
    Shown("track_case", VISITOR, "/track/{own}", reach=_track),
    Shown("my", "citizen", "/my"),
    Shown("my_case", "citizen", "/my/{own}"),
    Shown("my_case", "citizen", "/my/{closed}", name="closed"),
    Shown("my_step", "citizen", "/my/{own}/withdraw"),
    Shown("followed", "citizen", "/my/followed/{followed}"),
    Shown("demo.phones", VISITOR, "/demo/phones"),
    Shown("demo.phone", VISITOR, "/demo/phones/{mobile}"),
    Shown("offline", VISITOR, "/offline"),
    Shown("queue", VISITOR, "/queue"),
    Shown("", VISITOR, "/nowhere", status=404, name="missing"),
    Shown("", "citizen", "/kartable", status=403, name="forbidden"),
)
