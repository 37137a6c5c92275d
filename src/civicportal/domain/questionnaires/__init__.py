"""Questions that administrators give to categories, and their answers in cases."""

from pyramid.config import Configurator

from civicportal.domain.questionnaires.rest import OPERATIONS
from civicportal.web.pages import Page, add_pages

MANAGE = "core:category:manage"
_ID = r"{id:\d{1,18}}"
ROUTES = {
    "admin.questions": f"/admin/categories/{_ID}/questions",
    "admin.question_new": f"/admin/categories/{_ID}/questions/new",
    "admin.question": f"/admin/questions/{_ID}",
    "admin.question_move": f"/admin/questions/{_ID}/move",
    "admin.question_switch": f"/admin/questions/{_ID}/switch",
    "admin.question_delete": f"/admin/questions/{_ID}/delete",
    "admin.choice": f"/admin/choices/{_ID}",
    "admin.choice_move": f"/admin/choices/{_ID}/move",
    "admin.choice_switch": f"/admin/choices/{_ID}/switch",
    "admin.choice_delete": f"/admin/choices/{_ID}/delete",
}
BOTH = ("GET", "POST")
#: Route, view, template, permission, method.
VIEWS: tuple[Page, ...] = (
    ("admin.questions", "questions", "questions", MANAGE, "GET"),
    ("admin.question_new", "new", "question", MANAGE, BOTH),
    ("admin.question", "question", "question", MANAGE, BOTH),
    ("admin.question_move", "move", None, MANAGE, "POST"),
    ("admin.question_switch", "switch", None, MANAGE, "POST"),
    ("admin.question_delete", "delete", None, MANAGE, "POST"),
    ("admin.choice", "choice", "choice", MANAGE, BOTH),
    ("admin.choice_move", "move_choice", None, MANAGE, "POST"),
    ("admin.choice_switch", "switch_choice", None, MANAGE, "POST"),
    ("admin.choice_delete", "delete_choice", None, MANAGE, "POST"),
)


def includeme(config: Configurator) -> None:
    """Add the pages of administrators, and the questions to the API."""
    config.add_operations(OPERATIONS)
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal.domain.questionnaires.views",
        templates="civicportal:templates/questionnaires",
    )
