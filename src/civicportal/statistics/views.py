"""The page of figures for everybody."""

from typing import Any

from civicportal.cases.workflow import STAGES
from civicportal.statistics.charts import line_chart
from civicportal.statistics.public import PublicFigures, PublicFigureService


def public(request: Any) -> dict[str, Any]:
    """Show what everybody may know of the services of the city."""
    service = request.work.get(PublicFigureService)
    return {
        "span": service.span(),
        "services": [(one, _chart(one, request)) for one in service.services()],
        "stages": STAGES,
    }


def _chart(figures: PublicFigures, request: Any) -> Any:
    """Return the months as a line, unless one is hidden: a gap would be read off its neighbours."""
    numbers = [number for _month, number in figures.by_month]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        return None
    return line_chart([known], rtl=request.text_direction == "rtl")
