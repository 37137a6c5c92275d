"""Views of feedback."""

from pyramid.config import Configurator

from civicportal.api.web import PagePermission, add_pages
from civicportal_feedback.publications import PERMISSION
from civicportal_feedback.rest import OPERATIONS

VIEW, REGISTER = "feedback:case:view", "feedback:case:register"

#: The first matching pattern is taken.
ROUTES = {
    "feedback.new": "/feedback/new",
    "feedback.sent": r"/feedback/sent/{code:\d{10}}",
    "feedback.list": "/feedback",
    "feedback.desk": "/desk/feedback",
    "feedback.register": "/desk/feedback/new",
    "feedback.statistics": "/desk/feedback/statistics",
    "feedback.search": "/desk/feedback/search",
    "feedback.publish": r"/desk/feedback/{code:\d{10}}/publish",
    "feedback.take_back": r"/desk/feedback/{code:\d{10}}/take-back",
}
#: Route, view, template or renderer, permission, methods.
VIEWS: tuple[tuple[str, str, str | None, str, str | tuple[str, ...]], ...] = (
    ("feedback.new", "citizen.new", "new", PagePermission.EVERYBODY, ("GET", "POST")),
    ("feedback.sent", "citizen.sent", "sent", PagePermission.CITIZEN, "GET"),
    ("feedback.list", "citizen.listing", "list", PagePermission.EVERYBODY, "GET"),
    ("feedback.desk", "desk.listing", "desk", VIEW, "GET"),
    ("feedback.register", "register.new", "register", REGISTER, ("GET", "POST")),
    ("feedback.statistics", "statistics.show", "statistics", VIEW, "GET"),
    ("feedback.search", "desk.search", None, VIEW, "POST"),
    ("feedback.publish", "desk.publish", "publish", PERMISSION, ("GET", "POST")),
    ("feedback.take_back", "desk.take_back", None, PERMISSION, "POST"),
)


def includeme(config: Configurator) -> None:
    """Add routes, views and the operations of the API."""
    config.add_operations(OPERATIONS)
    config.registry.settings["civicportal.upload_paths"] += [
        ROUTES["feedback.new"],
        ROUTES["feedback.register"],
    ]
    config.keep_offline("feedback.new")
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal_feedback.views",
        templates="civicportal_feedback:templates/feedback",
    )
