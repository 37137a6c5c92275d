"""The citizens' home page and the staff desk, filled by plugins."""

from civicportal.web.display import render_areas
from civicportal.web.request import Request


def home(request: Request) -> dict[str, object]:
    """Show the city's services and news."""
    return {"areas": render_areas(request, "dashboard_widgets", ("top", "card", "main", "aside", "head"))}


def desk(request: Request) -> dict[str, object]:
    """Show staff their open work in every service."""
    return {"areas": render_areas(request, "dashboard_widgets", ("desk",))}
