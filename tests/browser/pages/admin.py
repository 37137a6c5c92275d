"""The pages of administrators."""

from functools import partial

from browser.pages.shown import Shown
from browser.samples import Facts
from playwright.sync_api import Page, expect

from civicportal.portal.demo.runner import PASSWORD


def prove(path: str, page: Page, _found: Facts | None = None) -> None:
    """Go to a page that may ask for the password once more."""
    page.goto(path)
    if "/account/confirm" in page.url:
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("form:has([name=password]) button.btn-primary").click()
        page.wait_for_url(f"**{path}")


def _secret(route: str, path: str, name: str = "") -> Shown:
    return Shown(route, "administrator", path, reach=partial(prove, path), name=name)


def _new_secret(page: Page, found: Facts) -> None:
    page.goto(f"/admin/webhooks/{found['webhook']}/secret")
    page.locator("main form button.btn-primary").click()
    expect(page.locator("#secret")).to_be_visible()


def _import_undo(page: Page, found: Facts) -> None:
    prove(f"/admin/imports/batches/{found['import_batch']}/undo", page)


def _import_pictures(page: Page, found: Facts) -> None:
    prove(f"/admin/imports/{found['import_checked']}/pictures", page)


def _tried_automation(page: Page, _found: Facts) -> None:
    page.goto("/admin/automations/new")
    page.locator("[name=title]").fill("گزارش‌ها")
    page.locator("[name=trigger]").select_option("opened")
    page.locator("[name=set_urgent]").select_option("yes")
    page.locator("main form button[name=try]").click()
    expect(page.locator("#outcome-h")).to_be_visible()


# Numbers of the first rows that the example's files plant.
PAGES = (
    Shown("admin.units", "administrator", "/admin/units"),
    Shown("admin.unit_new", "administrator", "/admin/units/new"),
    Shown("admin.unit", "administrator", "/admin/units/4"),
    Shown("admin.unit_close", "administrator", "/admin/units/4/close"),
    Shown("admin.categories", "administrator", "/admin/categories"),
    Shown("admin.category_new", "administrator", "/admin/categories/new"),
    Shown("admin.category", "administrator", "/admin/categories/2"),
    Shown("admin.category", "administrator", "/admin/categories/1", name="root"),
    Shown("admin.questions", "administrator", "/admin/categories/38/questions"),
    Shown("admin.questions", "administrator", "/admin/categories/2/questions", name="none"),
    Shown("admin.question_new", "administrator", "/admin/categories/38/questions/new"),
    Shown("admin.question", "administrator", "/admin/questions/1"),
    Shown("admin.question", "administrator", "/admin/questions/3", name="depends"),
    Shown("admin.choice", "administrator", "/admin/choices/2"),
    Shown("admin.routing", "administrator", "/admin/routing"),
    Shown("admin.rule_new", "administrator", "/admin/routing/new"),
    Shown("admin.rule", "administrator", "/admin/routing/3"),
    Shown("admin.dry_run", "administrator", "/admin/routing/dry-run"),
    Shown("admin.calendar", "administrator", "/admin/calendar"),
    Shown("admin.calendar_hours", "administrator", "/admin/calendar/hours"),
    Shown("admin.automations", "administrator", "/admin/automations"),
    Shown("admin.automation_new", "administrator", "/admin/automations/new"),
    Shown("admin.automation_new", "administrator", "", _tried_automation, name="tried"),
    Shown("admin.automation", "administrator", "/admin/automations/{automation}"),
    Shown("admin.automation", "administrator", "/admin/automations/{failing}", name="failing"),
    Shown("admin.automation_log", "administrator", "/admin/automations/{automation}/log"),
    Shown("admin.webhooks", "administrator", "/admin/webhooks"),
    Shown("admin.webhook_new", "administrator", "/admin/webhooks/new"),
    Shown("admin.webhook", "administrator", "/admin/webhooks/{webhook}"),
    Shown("admin.webhook_edit", "administrator", "/admin/webhooks/{webhook}/edit"),
    Shown("admin.webhook_secret", "administrator", "/admin/webhooks/{webhook}/secret"),
    Shown("admin.webhook_secret", "administrator", "", _new_secret, name="made"),
    Shown("admin.webhook_delete", "administrator", "/admin/webhooks/{webhook}/delete"),
    Shown("admin.webhook_delivery", "administrator", "/admin/webhooks/{webhook}/deliveries/{delivery}"),
    Shown("admin.imports", "administrator", "/admin/imports"),
    _secret("admin.import_new", "/admin/imports/new"),
    _secret("admin.import_server", "/admin/imports/server"),
    Shown("admin.import", "administrator", "/admin/imports/{import_checked}", name="checked"),
    Shown("admin.import", "administrator", "/admin/imports/{import_empty}", name="incomplete"),
    Shown("admin.import", "administrator", "/admin/imports/{import_running}", name="running"),
    Shown("admin.import", "administrator", "/admin/imports/{import_server}", name="server"),
    Shown("admin.import_pictures", "administrator", "", _import_pictures),
    Shown("admin.import_columns", "administrator", "/admin/imports/{import_checked}/columns/cases"),
    Shown("admin.import_values", "administrator", "/admin/imports/{import_checked}/values"),
    Shown("admin.import_mapping", "administrator", "/admin/imports/{import_checked}/mapping"),
    Shown("admin.import_report", "administrator", "/admin/imports/{import_checked}/report"),
    Shown("admin.import_undo", "administrator", "", _import_undo),
    Shown("admin.open_data", "administrator", "/admin/open-data"),
    Shown("admin.plugins", "administrator", "/admin/plugins"),
    Shown("admin.settings", "administrator", "/admin/settings"),
    Shown("admin.audit", "administrator", "/admin/audit"),
    Shown("admin.audit", "administrator", "/admin/audit?action=login:", name="narrowed"),
    Shown("admin.members", "administrator", "/admin/members"),
    Shown("admin.members", "administrator", "/admin/members?who=citizens", name="citizens"),
    Shown("admin.members", "administrator", "/admin/members?q=هیچ‌کس", name="nobody"),
    Shown("admin.member", "administrator", "/admin/members/3"),
    Shown("admin.invitations", "administrator", "/admin/members/invitations"),
    _secret("admin.invite", "/admin/members/invite"),
    _secret("admin.member_edit", "/admin/members/3/edit"),
    _secret("admin.member_mobile", "/admin/members/3/mobile"),
    _secret("admin.member_disable", "/admin/members/9/disable"),
    _secret("admin.member_delete", "/admin/members/3/delete"),
    _secret("admin.member_transfer", "/admin/members/9/transfer"),
    Shown("admin.roles", "administrator", "/admin/roles"),
    _secret("admin.role_new", "/admin/roles/new"),
    _secret("admin.role", "/admin/roles/1"),
    _secret("admin.role_delete", "/admin/roles/1/delete"),
    Shown("admin.clients", "administrator", "/admin/clients"),
    _secret("admin.client_new", "/admin/clients/new"),
    Shown("admin.client", "administrator", "/admin/clients/{client}"),
    Shown("admin.messages", "administrator", "/admin/messages"),
    Shown("admin.message_texts", "administrator", "/admin/messages/texts"),
    Shown("admin.message_text", "administrator", "/admin/messages/texts/reports.registered"),
    Shown("admin.message_text_reset", "administrator", "/admin/messages/texts/meetings.registered/reset"),
)
