"""Statistics of meetings."""

from civicportal.api.forms import BoundForm
from civicportal.api.statistics import StatisticsPage
from civicportal.api.web import Request, ViewResult
from civicportal_meetings.desk_schemas import StatisticsSchema
from civicportal_meetings.exports import desk_choices
from civicportal_meetings.statistics import ALL, subject
from civicportal_meetings.views.desk import LIST


def show(request: Request) -> ViewResult:
    """Show statistics; each number links to its list."""
    form = BoundForm(request, StatisticsSchema(), bindings=desk_choices(request.work))
    values = form.read_filters(request.GET)
    page = StatisticsPage(
        form=form,
        route="meetings.statistics",
        list_route="meetings.desk",
        on_list={"status": ALL},
        anchor=LIST,
    )
    return page.variables(request, subject(request.work, values))
