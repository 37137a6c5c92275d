"""Requests, routes, and contributions to shared pages."""

from civicportal.core.security import CITIZEN, EVERYBODY, STAFF
from civicportal.web.items import NavigationItem, Panel, Widget
from civicportal.web.pages import add_pages
from civicportal.web.request import Request, ViewResult

__all__ = [
    "CITIZEN",
    "EVERYBODY",
    "STAFF",
    "NavigationItem",
    "Panel",
    "Request",
    "ViewResult",
    "Widget",
    "add_pages",
]
