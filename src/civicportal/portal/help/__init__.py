"""Help: the guides, the city's answers to frequent questions, and the accessibility statement."""

from pyramid.config import Configurator

from civicportal.core.security import PagePermission
from civicportal.web.pages import add_pages

MANAGE = "core:help:manage"
ROUTES = {
    "help": "/help",
    "help.staff": "/help/staff",
    "accessibility": "/accessibility",
    "questions": "/desk/questions",
    "questions.new": "/desk/questions/new",
    "questions.edit": r"/desk/questions/{id:\d{1,9}}",
    "questions.move": r"/desk/questions/{id:\d{1,9}}/move",
    "questions.delete": r"/desk/questions/{id:\d{1,9}}/delete",
}
#: Route, view, template, permission, method.
VIEWS = (
    ("help", "guides.citizens", "citizens", PagePermission.EVERYBODY, "GET"),
    ("help.staff", "guides.staff", "staff", PagePermission.STAFF, "GET"),
    ("accessibility", "guides.accessibility", "accessibility", PagePermission.EVERYBODY, "GET"),
    ("questions", "questions.questions", "questions", MANAGE, "GET"),
    ("questions.new", "questions.new", "question", MANAGE, ("GET", "POST")),
    ("questions.edit", "questions.edit", "question", MANAGE, ("GET", "POST")),
    ("questions.move", "questions.move", None, MANAGE, "POST"),
    ("questions.delete", "questions.delete", "delete", MANAGE, ("GET", "POST")),
)


def includeme(config: Configurator) -> None:
    """Add the pages; the guide for citizens opens without a network too."""
    config.keep_offline("help")
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal.portal.help.views",
        templates="civicportal:templates/help",
    )
