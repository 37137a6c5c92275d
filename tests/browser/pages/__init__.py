"""Table of all pages with their users; new pages must be added."""

from browser.pages import (
    accounts,
    admin,
    announcements,
    citizen,
    exports,
    feedback,
    kartable,
    meetings,
    reports,
)
from browser.pages.shown import Shown

__all__ = ["ELSEWHERE", "PAGES", "PIECES", "Shown"]

#: Pieces of other pages.
PIECES = {
    "reports.near",
    "reports.register_near",
    "reports.card",
    "reports.public_card",
    "reports.map_numbers",
}
#: Pages that a test of their own leads to and looks at as those of the table are.
ELSEWHERE = {"pending_submissions", "account_passkey_name", "account_confirm_app"}

PAGES = (
    *citizen.PAGES,
    *accounts.PAGES,
    *kartable.PAGES,
    *admin.PAGES,
    *exports.PAGES,
    *reports.PAGES,
    *meetings.PAGES,
    *feedback.PAGES,
    *announcements.PAGES,
)
