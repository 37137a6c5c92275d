"""The citizens' home page and the staff desk, filled by plugins."""

from civicportal.domain.statistics.lookup import CounterService
from civicportal.web.display import isolated, render_areas
from civicportal.web.request import Request


def home(request: Request) -> dict[str, object]:
    """Show the city's services and news."""
    return {"areas": render_areas(request, "dashboard_widgets", ("top", "card", "main", "aside", "head"))}


def desk(request: Request) -> dict[str, object]:
    """Show staff their open work in every service."""
    with isolated(request) as work:
        work.get(CounterService).read_together()
    return {"areas": render_areas(request, "dashboard_widgets", ("desk",))}
