"""The pages of administrators."""

from browser.pages.shown import Shown

PAGES = (
    Shown("admin.plugins", "administrator", "/admin/plugins"),
    Shown("admin.settings", "administrator", "/admin/settings"),
    Shown("admin.audit", "administrator", "/admin/audit"),
    Shown("admin.audit", "administrator", "/admin/audit?action=login:", name="narrowed"),
    Shown("admin.messages", "administrator", "/admin/messages"),
    Shown("admin.message_texts", "administrator", "/admin/messages/texts"),
    Shown("admin.message_text", "administrator", "/admin/messages/texts/reports.registered"),
)
