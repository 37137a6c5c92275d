"""The pages of feedback."""

from browser.pages.shown import Shown

PAGES: tuple[Shown, ...] = ()
