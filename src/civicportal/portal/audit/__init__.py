"""The page of the audit trail."""

from pyramid.config import Configurator

from civicportal.web.pages import add_pages

SEE = "core:audit:view"
ROUTES = {"admin.audit": "/admin/audit", "admin.audit_verify": "/admin/audit/verify"}
#: Route, view, template, permission, method.
VIEWS = (
    ("admin.audit", "trail", "trail", SEE, "GET"),
    ("admin.audit_verify", "verify", None, SEE, "POST"),
)


def includeme(config: Configurator) -> None:
    """Add the page of administrators."""
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal.portal.audit.views",
        templates="civicportal:templates/audit",
    )
