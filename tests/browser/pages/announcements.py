"""The pages of announcements."""

from browser.pages.shown import Shown

PAGES: tuple[Shown, ...] = ()
