"""The demo: generated data and telephones, in mode "demo" only."""

from pyramid.config import Configurator

from civicportal.core.security import PagePermission
from civicportal.domain.notifications.phones import OutboxPhones
from civicportal.web.pages import add_pages

ROUTES = {
    "demo.phones": "/demo/phones",
    "demo.phone": "/demo/phones/{number}",
    "demo.provider": "/demo/provider",
}
#: Route, view, template, permission, method.
VIEWS = (
    ("demo.phones", "phones", "phones", PagePermission.EVERYBODY, "GET"),
    ("demo.phone", "phone", "phone", PagePermission.EVERYBODY, "GET"),
    ("demo.phone", "phone", "phone", PagePermission.EVERYBODY, "POST"),
    ("demo.provider", "behave", None, PagePermission.EVERYBODY, "POST"),
)


def includeme(config: Configurator) -> None:
    """Add the pages of the telephones."""
    config.registry.phones = OutboxPhones()
    add_pages(
        config, ROUTES, VIEWS, views="civicportal.portal.demo.views", templates="civicportal:templates/demo"
    )
