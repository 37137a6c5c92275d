"""The public statistics page."""

from civicportal.domain.cases.workflow import STAGES
from civicportal.domain.statistics.charts import Chart, line_chart
from civicportal.domain.statistics.public import PublicMetrics, PublicMetricsService
from civicportal.util.calendar.months import month_of
from civicportal.web.request import Request


def public(request: Request) -> dict[str, object]:
    """Show the public figures of the city's services."""
    services = request.work.get(PublicMetricsService).services()
    return {"services": [(one, _chart(one, request)) for one in services], "stages": STAGES}


def _chart(figures: PublicMetrics, request: Request) -> Chart | None:
    """Return the months as a line chart, if possible.

    Combined months would be steps of unequal length.
    """
    calendar = request.site.calendar
    if any(month_of(months.last, calendar) != months.first for months, _number in figures.by_month):
        return None
    return line_chart([[number for _month, number in figures.by_month]], rtl=request.text_direction == "rtl")
