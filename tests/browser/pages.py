"""Every page of the portal with who sees it: the one table that a new page must be added to."""

from collections.abc import Callable
from dataclasses import dataclass

from browser.people import VISITOR
from browser.samples import Facts
from playwright.sync_api import Page, expect

from civicportal.demo.runner import PASSWORD

#: Pieces of other pages.
PIECES = {"reports.near"}


@dataclass(frozen=True)
class Shown:
    """A page as somebody sees it.

    :ivar path: words in braces are filled in from the demo's cases.
    :ivar reach: what the person does to get there, where the address alone does not lead there.
    :ivar name: tells apart what one route shows.
    """

    route: str
    role: str
    path: str
    reach: Callable[[Page, Facts], None] | None = None
    status: int = 200
    name: str = ""

    def open(self, page: Page, facts: Facts) -> None:
        """Go to the page."""
        if self.reach:
            self.reach(page, facts)
        else:
            answer = page.goto(self.path.format(**facts))
            assert answer
            assert answer.status == self.status


def _ask_for_code(page: Page, found: Facts) -> None:
    page.goto("/login")
    page.locator("[name=mobile]").fill("09000000015")
    page.locator("form:has([name=mobile]) button.btn-primary").click()
    expect(page.locator("[name=code]")).to_be_visible()


def _give_password(page: Page, found: Facts) -> None:
    page.goto("/staff/login")
    page.locator("[name=username]").fill("culture1")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form:has([name=password]) button.btn-primary").click()
    expect(page.locator("[name=code]")).to_be_visible()


def _wrong_login(page: Page, found: Facts) -> None:
    page.goto("/login")
    page.locator("[name=mobile]").fill("12")
    page.locator("form:has([name=mobile]) button.btn-primary").click()
    expect(page.locator(".is-invalid")).to_be_visible()


def _recover(page: Page, found: Facts) -> None:
    _give_password(page, found)
    page.goto("/staff/login/recovery")


def _track(page: Page, found: Facts) -> None:
    page.goto("/track")
    page.locator("[name=code]").fill(found["own"])
    page.locator("[name=proof]").fill(found["mobile"][-4:])
    page.locator("main form button.btn-primary").click()
    page.wait_for_url(f"**/track/{found['own']}")


def _select(page: Page, action: str) -> None:
    page.goto("/kartable")
    page.locator("[data-row] input[type=checkbox]").first.check()
    page.locator(f"[name=action][value={action}]").click()
    expect(page.locator("#chosen-title")).to_be_visible()


def _refer_many(page: Page, found: Facts) -> None:
    _select(page, "refer")


def _step_many(page: Page, found: Facts) -> None:
    _select(page, "step")


def _set_up_app(page: Page, found: Facts) -> None:
    page.goto("/account/totp")
    page.locator("form[action='/account/totp/begin'] button").click()
    page.wait_for_load_state()


PAGES = (
    Shown("home", VISITOR, "/"),
    Shown("home", "citizen", "/"),
    Shown("login", VISITOR, "/login"),
    Shown("login", VISITOR, "/login", reach=_wrong_login, name="refused"),
    Shown("login_code", VISITOR, "/login/code", reach=_ask_for_code),
    Shown("login_password", VISITOR, "/login/password"),
    Shown("login_name", "citizen", "/login/name"),
    Shown("staff_login", VISITOR, "/staff/login"),
    Shown("staff_login_code", VISITOR, "/staff/login/code", reach=_give_password),
    Shown("staff_login_recovery", VISITOR, "/staff/login/recovery", reach=_recover),
    Shown("reports.new", VISITOR, "/reports/new"),
    Shown("reports.new", "citizen", "/reports/new"),
    Shown("reports.list", VISITOR, "/reports"),
    Shown("reports.page", VISITOR, "/reports/{report}"),
    Shown("reports.sent", "citizen", "/reports/sent/{own}"),
    Shown("reports.me_too", "citizen", "/reports/me-too?case={report}"),
    Shown("track", VISITOR, "/track"),
    Shown("track_case", VISITOR, "/track/{own}", reach=_track),
    Shown("my", "citizen", "/my"),
    Shown("my_case", "citizen", "/my/{own}"),
    Shown("my_case", "citizen", "/my/{closed}", name="closed"),
    Shown("followed", "citizen", "/my/followed/{followed}"),
    Shown("account", "citizen", "/account"),
    Shown("account", "handler", "/account"),
    Shown("account_name", "citizen", "/account/name"),
    Shown("account_password", "citizen", "/account/password"),
    Shown("account_password", "handler", "/account/password"),
    Shown("account_confirm", "handler", "/account/confirm"),
    Shown("account_sessions", "citizen", "/account/sessions"),
    Shown("account_totp", "handler", "/account/totp"),
    Shown("account_totp_setup", "administrator", "/account/totp/setup", reach=_set_up_app),
    Shown("desk", "administrator", "/desk"),
    Shown("desk", "handler", "/desk"),
    Shown("kartable", "handler", "/kartable"),
    Shown("kartable", "administrator", "/kartable?view=overdue"),
    Shown("kartable", "observer", "/kartable", name="empty"),
    Shown("kartable.case", "handler", "/kartable/cases/{case}"),
    Shown("kartable.case", "observer", "/kartable/cases/{case}"),
    Shown("kartable.case", "administrator", "/kartable/cases/{closed}", name="closed"),
    Shown("kartable.preview", "handler", "/kartable/cases/{case}/preview?transition=start_review"),
    Shown("kartable.bulk", "handler", "/kartable/bulk", reach=_refer_many, name="refer"),
    Shown("kartable.bulk", "handler", "/kartable/bulk", reach=_step_many, name="step"),
    Shown("reports.desk", "public_relations", "/desk/reports"),
    Shown("reports.statistics", "public_relations", "/desk/reports/statistics"),
    Shown("admin.messages", "administrator", "/admin/messages"),
    Shown("admin.message_texts", "administrator", "/admin/messages/texts"),
    Shown("admin.message_text", "administrator", "/admin/messages/texts/reports.registered"),
    Shown("demo.phones", VISITOR, "/demo/phones"),
    Shown("demo.phone", VISITOR, "/demo/phones/{mobile}"),
    Shown("offline", VISITOR, "/offline"),
    Shown("", VISITOR, "/nowhere", status=404, name="missing"),
    Shown("", "citizen", "/kartable", status=403, name="forbidden"),
)
