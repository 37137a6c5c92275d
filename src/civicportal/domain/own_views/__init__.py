"""Own views of lists of cases: saved filters and chosen columns."""

from pyramid.config import Configurator

from civicportal.core.security import PagePermission
from civicportal.web.pages import Page, add_pages

VIEW = r"/desk/views/{id:\d{1,18}}"
ROUTES = {
    "own_views": "/desk/views",
    "own_views.columns": "/desk/views/columns",
    "own_views.edit": VIEW,
    "own_views.move": f"{VIEW}/move",
    "own_views.delete": f"{VIEW}/delete",
}
VIEWS: tuple[Page, ...] = (
    ("own_views", "listing", "list", PagePermission.STAFF, "GET"),
    ("own_views", "save", "save", PagePermission.STAFF, "POST"),
    ("own_views.columns", "choose_columns", None, PagePermission.STAFF, "POST"),
    ("own_views.edit", "edit", "edit", PagePermission.STAFF, ("GET", "POST")),
    ("own_views.move", "move", None, PagePermission.STAFF, "POST"),
    ("own_views.delete", "delete", "delete", PagePermission.STAFF, ("GET", "POST")),
)


def includeme(config: Configurator) -> None:
    """Add the pages, and the request method that lists of cases use."""
    config.add_request_method("civicportal.domain.own_views.page.list_tools")
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal.domain.own_views.views",
        templates="civicportal:templates/own_views",
    )
