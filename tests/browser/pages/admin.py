"""The pages of administrators."""

from browser.pages.shown import Shown

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
    Shown("admin.routing", "administrator", "/admin/routing"),
    Shown("admin.rule_new", "administrator", "/admin/routing/new"),
    Shown("admin.rule", "administrator", "/admin/routing/3"),
    Shown("admin.dry_run", "administrator", "/admin/routing/dry-run"),
    Shown("admin.calendar", "administrator", "/admin/calendar"),
    Shown("admin.calendar_hours", "administrator", "/admin/calendar/hours"),
    Shown("admin.plugins", "administrator", "/admin/plugins"),
    Shown("admin.settings", "administrator", "/admin/settings"),
    Shown("admin.audit", "administrator", "/admin/audit"),
    Shown("admin.audit", "administrator", "/admin/audit?action=login:", name="narrowed"),
    Shown("admin.messages", "administrator", "/admin/messages"),
    Shown("admin.message_texts", "administrator", "/admin/messages/texts"),
    Shown("admin.message_text", "administrator", "/admin/messages/texts/reports.registered"),
)
