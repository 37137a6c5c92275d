"""Requests, routes, and contributions to shared pages."""

from civicportal.core.security import PagePermission
from civicportal.web.items import DashboardWidget, NavigationItem, Panel
from civicportal.web.pages import add_pages
from civicportal.web.request import Request, ViewResult

__all__ = [
    "DashboardWidget",
    "NavigationItem",
    "PagePermission",
    "Panel",
    "Request",
    "ViewResult",
    "add_pages",
]
