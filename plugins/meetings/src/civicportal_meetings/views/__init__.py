"""The pages of meetings."""

from typing import Any

from civicportal.api import CITIZEN, EVERYBODY, add_pages

#: The first pattern that fits is taken.
ROUTES = {
    "meetings.new": "/meetings/new",
    "meetings.sent": r"/meetings/sent/{code:\d{10}}",
    "meetings.calendar": r"/meetings/{code:\d{10}}/meeting.ics",
}
#: Route, view, template or renderer, who may, methods.
VIEWS: tuple[tuple[str, str, str | None, str, Any], ...] = (
    ("meetings.new", "request.new", "new", EVERYBODY, "GET"),
    ("meetings.new", "request.send", "new", EVERYBODY, "POST"),
    ("meetings.sent", "request.sent", "sent", CITIZEN, "GET"),
    ("meetings.calendar", "calendar_file.download", None, CITIZEN, "GET"),
)


def includeme(config: Any) -> None:
    """Add routes and views; the form of a new request carries pictures."""
    config.registry.settings["civicportal.upload_paths"].append(ROUTES["meetings.new"])
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal_meetings.views",
        templates="civicportal_meetings:templates/meetings",
    )
