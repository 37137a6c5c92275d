"""Registration of reports by officers."""

from collections.abc import Callable
from functools import partial

from civicportal.api.cases import Case
from civicportal.api.forms import BoundForm, Values
from civicportal.api.submission import registration_form
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
    return registration_form(
        request,
        Registration(),
        KIND,
        partial(_prepare, request),
        send=_("Register the report"),
        bindings={"categories": leaf_options(choice)},
        topics=choice,
        center=center(request),
    )


def _prepare(request: Request, form: BoundForm, values: Values) -> Callable[[int | None, str], Case]:
    location = place_of(request, form, values)
    report = new_report(request, location, values, source=values["source"])
    make_for = request.work.get(ReportService).make_for
    return lambda citizen_id, key: make_for(citizen_id, report, key)
