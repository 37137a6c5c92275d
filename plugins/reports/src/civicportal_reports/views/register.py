"""Registration of a report for a caller, a visitor or from a letter."""

from functools import partial

from civicportal.api.cases import kind_of
from civicportal.api.forms import BoundForm, Button, Values, handle_form
from civicportal.api.submission import register_for, take_files
from civicportal.api.web import Request, ViewResult
from civicportal_reports.categories import leaf_options
from civicportal_reports.i18n import _
from civicportal_reports.schemas import Registration
from civicportal_reports.services import ReportService
from civicportal_reports.views.places import center, place_of
from civicportal_reports.views.wizard import new_report, topics_before
from civicportal_reports.workflow import KIND


def new(request: Request) -> ViewResult:
    """Show the form, or register the report and show its code."""
    choice = topics_before(request)
    form = BoundForm(
        request,
        Registration(),
        initial={"source": "phone"},
        buttons=(Button(title=_("Register the report")),),
        bindings={"categories": leaf_options(choice)},
        take_files=partial(take_files, request),
    )
    return handle_form(
        request, form, partial(_register, request, form), topics=choice, center=center(request)
    )


def _register(request: Request, form: BoundForm, values: Values) -> ViewResult:
    location = place_of(request, form, values)
    report = new_report(request, location, values, source=values["source"])
    make_for = request.work.get(ReportService).make_for
    return register_for(
        request,
        form,
        kind_of(request.site, KIND),
        values,
        lambda citizen_id, key: make_for(citizen_id, report, key),
    )
