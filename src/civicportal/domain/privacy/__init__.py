"""People's own data: notification preferences, access log, export, deletion of the account."""

from pyramid.config import Configurator

from civicportal.core.security import PagePermission
from civicportal.web.pages import add_pages

ROUTES = {
    "account_notifications": "/account/notifications",
    "account_access": "/account/access",
    "account_data": "/account/data",
    "account_delete": "/account/delete",
    "account_delete_code": "/account/delete/code",
}
SHOWS, ACTS, FORM = ("GET",), ("POST",), ("GET", "POST")
#: Route, view, template, permission, methods.
VIEWS = (
    ("account_notifications", "notifications", "notifications", PagePermission.SIGNED_IN, FORM),
    ("account_access", "access", "access", PagePermission.SIGNED_IN, SHOWS),
    ("account_data", "data", "data", PagePermission.SIGNED_IN, SHOWS),
    ("account_data", "download", None, PagePermission.SIGNED_IN, ACTS),
    ("account_delete", "delete", "delete", PagePermission.SIGNED_IN, FORM),
    ("account_delete_code", "send_code", None, PagePermission.SIGNED_IN, ACTS),
)


def includeme(config: Configurator) -> None:
    """Add the pages of people's own data."""
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal.domain.privacy.views",
        templates="civicportal:templates/privacy",
    )
