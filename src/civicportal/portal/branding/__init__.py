"""The city's branding: name, colours, contact data, texts."""

from pyramid.config import Configurator

from civicportal.core.security import PagePermission
from civicportal.web.pages import add_pages

MANAGE = "core:setting:manage"
ROUTES = {"admin.settings": "/admin/settings", "words": "/{page:about|privacy|terms}"}
#: Route, view, template, permission, method.
VIEWS = (
    ("admin.settings", "settings", "settings", MANAGE, "GET"),
    ("admin.settings", "settings", "settings", MANAGE, "POST"),
    ("words", "words", "words", PagePermission.EVERYBODY, "GET"),
)


def includeme(config: Configurator) -> None:
    """Add the pages."""
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal.portal.branding.views",
        templates="civicportal:templates/branding",
    )
