"""The pages of meetings."""

from browser.pages.shown import Shown
from browser.people import VISITOR

PAGES: tuple[Shown, ...] = (
    Shown("meetings.new", VISITOR, "/meetings/new"),
    Shown("meetings.new", "citizen", "/meetings/new"),
    Shown("meetings.new", "neighbour", "/meetings/new", name="open"),
    Shown("meetings.sent", "neighbour", "/meetings/sent/{meeting}"),
    Shown("my_case", "neighbour", "/my/{meeting}", name="meeting"),
)
