"""The pages of meetings."""

from browser.pages.shown import Shown

PAGES: tuple[Shown, ...] = ()
