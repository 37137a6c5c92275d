"""Automations: what the portal does with cases by itself, and its administration."""

from pyramid.config import Configurator

from civicportal.web.pages import Page, add_pages

MANAGE = "core:automation:manage"
_ID = r"{id:\d{1,18}}"
ROUTES = {
    "admin.automations": "/admin/automations",
    "admin.automation_new": "/admin/automations/new",
    "admin.automation": f"/admin/automations/{_ID}",
    "admin.automation_log": f"/admin/automations/{_ID}/log",
    "admin.automation_move": f"/admin/automations/{_ID}/move",
    "admin.automation_switch": f"/admin/automations/{_ID}/switch",
    "admin.automation_delete": f"/admin/automations/{_ID}/delete",
}
BOTH = ("GET", "POST")
#: Route, view, template, permission, method.
VIEWS: tuple[Page, ...] = (
    ("admin.automations", "automations", "list", MANAGE, "GET"),
    ("admin.automation_new", "new", "form", MANAGE, BOTH),
    ("admin.automation", "automation", "form", MANAGE, BOTH),
    ("admin.automation_log", "log", "log", MANAGE, "GET"),
    ("admin.automation_move", "move", None, MANAGE, "POST"),
    ("admin.automation_switch", "switch", None, MANAGE, "POST"),
    ("admin.automation_delete", "delete", None, MANAGE, "POST"),
)


def includeme(config: Configurator) -> None:
    """Add the pages of administrators."""
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal.domain.automation.views",
        templates="civicportal:templates/automation",
    )
