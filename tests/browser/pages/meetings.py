"""The pages of meetings."""

from browser.pages.shown import Shown
from browser.people import VISITOR

PAGES: tuple[Shown, ...] = (
    Shown("meetings.new", VISITOR, "/meetings/new"),
    Shown("meetings.new", "citizen", "/meetings/new"),
    Shown("meetings.new", "neighbour", "/meetings/new", name="open"),
    Shown("meetings.sent", "neighbour", "/meetings/sent/{meeting}"),
    Shown("my_case", "neighbour", "/my/{meeting}", name="meeting"),
    Shown("meetings.register", "office_manager", "/desk/meetings/new"),
    Shown("meetings.desk", "office_manager", "/desk/meetings"),
    Shown("meetings.desk", "handler", "/desk/meetings"),
    Shown("meetings.statistics", "office_manager", "/desk/meetings/statistics?period=all"),
    Shown("meetings.assign", "office_manager", "/desk/meetings/requests/{waiting}"),
    Shown("meetings.assign", "office_manager", "/desk/meetings/requests/{meeting}", name="again"),
    Shown("meetings.day", "office_manager", "/desk/meetings/day/{day}"),
    Shown("meetings.session_new", "office_manager", "/desk/meetings/sessions/new"),
    Shown("meetings.session_new", "office_manager", "/desk/meetings/sessions/new?closed=1", name="closed"),
    Shown("meetings.session", "office_manager", "/desk/meetings/sessions/{session}"),
    Shown("meetings.order", "office_manager", "/desk/meetings/requests/{held}/order"),
    Shown("kartable.case", "office_manager", "/kartable/cases/{meeting}", name="meeting"),
    Shown("kartable.case", "office_manager", "/kartable/cases/{held}", name="held"),
)
