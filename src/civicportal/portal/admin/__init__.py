"""Pages of administrators about the organisation and the running portal."""

from pyramid.config import Configurator

from civicportal.portal.admin import arranging
from civicportal.portal.admin.rest import OPERATIONS
from civicportal.web.pages import add_pages

SEE_PLUGINS = "core:plugin:view"
ROUTES = {"admin.plugins": "/admin/plugins", "admin.plugins_check": "/admin/plugins/check"}
#: Route, view, template, permission, method.
VIEWS = (
    ("admin.plugins", "plugins.plugins", "plugins", SEE_PLUGINS, "GET"),
    ("admin.plugins_check", "plugins.check", None, SEE_PLUGINS, "POST"),
)


def includeme(config: Configurator) -> None:
    """Add the pages, and the operations of the API."""
    config.add_operations(OPERATIONS)
    add_pages(
        config,
        {**arranging.ROUTES, **ROUTES},
        (*arranging.VIEWS, *VIEWS),
        views="civicportal.portal.admin.views",
        templates="civicportal:templates/admin",
    )
