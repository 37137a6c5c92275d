"""Views of meetings."""

from pyramid.config import Configurator

from civicportal.api.web import PagePermission, add_pages
from civicportal_meetings.names import GIVE_ORDERS, REGISTER, SESSIONS, VIEW, WORK
from civicportal_meetings.rest import OPERATIONS

#: The first matching pattern is taken.
ROUTES = {
    "meetings.new": "/meetings/new",
    "meetings.check": "/meetings/new/check",
    "meetings.sent": r"/meetings/sent/{code:\d{10}}",
    "meetings.calendar": r"/meetings/{code:\d{10}}/meeting.ics",
    "meetings.days": "/meetings/days.ics",
    "meetings.desk": "/desk/meetings",
    "meetings.register": "/desk/meetings/new",
    "meetings.statistics": "/desk/meetings/statistics",
    "meetings.search": "/desk/meetings/search",
    "meetings.day": r"/desk/meetings/day/{day:\d{4}-\d{2}-\d{2}}",
    "meetings.assign": r"/desk/meetings/requests/{code:\d{10}}",
    "meetings.invite": r"/desk/meetings/requests/{code:\d{10}}/invite",
    "meetings.order": r"/desk/meetings/requests/{code:\d{10}}/order",
    "meetings.share": r"/desk/meetings/orders/{code:\d{10}}/share",
    "meetings.session_new": "/desk/meetings/sessions/new",
    "meetings.session": r"/desk/meetings/sessions/{id:\d{1,18}}",
    "meetings.seats": r"/desk/meetings/sessions/{id:\d{1,18}}/seats",
    "meetings.reserve": r"/desk/meetings/sessions/{id:\d{1,18}}/reserve",
    "meetings.reserve_remove": r"/desk/meetings/sessions/{id:\d{1,18}}/reserve/remove",
    "meetings.cancel_session": r"/desk/meetings/sessions/{id:\d{1,18}}/cancel",
}
#: Route, view, template or renderer, permission, methods.
VIEWS: tuple[tuple[str, str, str | None, str, str | tuple[str, ...]], ...] = (
    ("meetings.new", "request.new", "new", PagePermission.EVERYBODY, "GET"),
    ("meetings.new", "request.send", "new", PagePermission.EVERYBODY, "POST"),
    ("meetings.check", "request.check", None, PagePermission.EVERYBODY, "POST"),
    ("meetings.sent", "request.sent", "sent", PagePermission.CITIZEN, "GET"),
    ("meetings.calendar", "calendar_file.download", None, PagePermission.EVERYBODY, "GET"),
    ("meetings.days", "calendar_file.days", None, PagePermission.EVERYBODY, "GET"),
    ("meetings.desk", "desk.show", "desk", VIEW, "GET"),
    ("meetings.register", "register.new", "register", REGISTER, ("GET", "POST")),
    ("meetings.statistics", "statistics.show", "statistics", VIEW, "GET"),
    ("meetings.search", "desk.search", None, VIEW, "POST"),
    ("meetings.day", "desk.day", "day", VIEW, "GET"),
    ("meetings.assign", "assign.show", "desk", WORK, "GET"),
    ("meetings.assign", "assign.send", "desk", WORK, "POST"),
    ("meetings.invite", "assign.invite", "desk", WORK, "POST"),
    ("meetings.order", "orders.new", "order", GIVE_ORDERS, ("GET", "POST")),
    ("meetings.share", "orders.share", None, "orders:case:view", "POST"),
    ("meetings.session_new", "sessions.new", "session_new", SESSIONS, ("GET", "POST")),
    ("meetings.session", "sessions.show", "session", VIEW, "GET"),
    ("meetings.seats", "sessions.seats", "session", SESSIONS, "POST"),
    ("meetings.reserve", "sessions.wait", "session", SESSIONS, "POST"),
    ("meetings.reserve_remove", "sessions.take_off", None, SESSIONS, "POST"),
    ("meetings.cancel_session", "sessions.cancel", "session", SESSIONS, "POST"),
)


def includeme(config: Configurator) -> None:
    """Add routes, views and the operations of the API."""
    config.add_operations(OPERATIONS)
    config.registry.settings["civicportal.upload_paths"] += [
        ROUTES["meetings.new"],
        ROUTES["meetings.register"],
    ]
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal_meetings.views",
        templates="civicportal_meetings:templates/meetings",
    )
