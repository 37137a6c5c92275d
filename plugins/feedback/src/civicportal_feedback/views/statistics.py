"""Statistics of messages."""

from civicportal.api.forms import BoundForm
from civicportal.api.statistics import StatisticsPage
from civicportal.api.web import Request, ViewResult
from civicportal_feedback.choices import desk_choices
from civicportal_feedback.schemas import StatisticsSchema
from civicportal_feedback.statistics import subject


def show(request: Request) -> ViewResult:
    """Show statistics; each number links to its list."""
    form = BoundForm(request, StatisticsSchema(), bindings=desk_choices(request.work))
    values = form.read_filters(request.GET)
    page = StatisticsPage(form=form, route="feedback.statistics", list_route="feedback.desk")
    return page.variables(request, subject(request.work, values))
