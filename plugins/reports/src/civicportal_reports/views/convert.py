"""Conversion of a case of another kind to a report, with category and place."""

from functools import partial

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.api.cases import Case, ConversionService, StaleCase, copy_pictures, kind_of
from civicportal.api.forms import BoundForm, Button, Values, handle_form, whole_number
from civicportal.api.organization import OrganizationService
from civicportal.api.submission import upload_owner
from civicportal.api.web import Request, ViewResult
from civicportal_reports.categories import grouped_leaves, topics
from civicportal_reports.i18n import _
from civicportal_reports.schemas import Conversion
from civicportal_reports.services import NewReport, ReportService
from civicportal_reports.views.places import center, place_of
from civicportal_reports.workflow import KIND

STALE = _(
    "A colleague changed this case while you were writing. Your choices are kept: check them and send again."
)


def convert(request: Request) -> ViewResult:
    """Show the form, or open the report and close the original case."""
    # A separate unit of work: the pictures are copied before the request's own one opens.
    with request.site.work(actor=request.identity, write=False) as work:
        case = work.get(ConversionService).source(request.matchdict["code"], kind_of(request.site, KIND))
        choice = grouped_leaves(topics(work))
    form = BoundForm(
        request,
        Conversion(),
        initial={"urgent": case.urgent},
        buttons=(Button(title=_("Make it a report"), css_class="btn-primary"),),
        bindings={"categories": choice},
        ignore=("version",),
    )
    try:
        return handle_form(
            request, form, partial(_make, request, form, case), case=case, center=center(request)
        )
    except StaleCase:
        form.fail("", STALE)
        request.response.status_int = 409
        return {"form": form, "case": case, "center": center(request)}


def _make(request: Request, form: BoundForm, case: Case, values: Values) -> ViewResult:
    location = place_of(request, form, values)
    version = whole_number(request.POST.get("version", ""))
    if version != case.version:
        raise StaleCase(f"case {case.code} has changed")
    owner = upload_owner(request)
    photos = copy_pictures(request.site, request.identity, case.code, owner)
    conversion = request.work.get(ConversionService)
    source = conversion.source(case.code, kind_of(request.site, KIND), lock=True)
    organization = request.work.get(OrganizationService)
    category = organization.category(KIND, values["category"])
    if category is None:
        raise StaleCase("the category of a report has gone")
    new = NewReport(
        category=category,
        location=location,
        body=source.body,
        urgent=values["urgent"],
        photos=photos,
        owner=owner,
        source=source.source,
    )
    made = request.work.get(ReportService).make_for(source.citizen_id, new)
    conversion.finish(source, made, version=version)
    done = _(
        "It goes on as a report with the tracking code ${code}, which lies with: ${unit}.",
        mapping={"code": made.code, "unit": organization.unit_name(made.unit_id)},
    )
    request.session.flash(request.translate(done), "good")
    return HTTPSeeOther(f"/kartable/cases/{source.code}")
