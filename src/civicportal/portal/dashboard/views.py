"""The citizens' home and the staff desk: pages that plugins fill."""

from typing import Any

from civicportal.web.display import pieces
from civicportal.web.request import Request


def home(request: Request) -> dict[str, Any]:
    """Show the city's services and what is new."""
    return {"pieces": pieces(request, "dashboard_widgets", ("card", "main", "aside", "head"))}


def desk(request: Request) -> dict[str, Any]:
    """Show staff what waits for them in every service."""
    return {"pieces": pieces(request, "dashboard_widgets", ("desk",))}
