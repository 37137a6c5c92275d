"""Conversion of a case to a report."""

from functools import partial

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.api.cases import Case, ConversionService, kind_of
from civicportal.api.forms import BoundForm, Values, whole_number
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import Conflict
from civicportal.api.web import Request, ViewResult
from civicportal_reports.categories import grouped_leaves, topics
from civicportal_reports.conversion import make_report
from civicportal_reports.i18n import _
from civicportal_reports.schemas import Conversion
from civicportal_reports.views.places import center, place_of
from civicportal_reports.workflow import KIND

STALE = _(
    "A colleague changed this case while you were writing. Your choices are kept: check them and send again."
)


def convert(request: Request) -> ViewResult:
    """Show the form, or open the report and close the original case."""
    # A separate unit of work: the pictures are copied before the request's own one opens.
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        case = work.get(ConversionService).source(request.matchdict["code"], kind_of(request.site, KIND))
        choice = grouped_leaves(topics(work))
    form = BoundForm(
        request,
        Conversion(),
        initial={"urgent": case.urgent},
        send=_("Make it a report"),
        send_class="btn-primary",
        bindings={"categories": choice},
        ignore=("version",),
    )
    try:
        return form.handle(partial(_make, request, form, case), case=case, center=center(request))
    except Conflict:
        form.fail("", STALE)
        request.response.status_int = 409
        return {"form": form, "case": case, "center": center(request)}


def _make(request: Request, form: BoundForm, case: Case, values: Values) -> ViewResult:
    location = place_of(request, form, values)
    version = whole_number(request.POST.get("version", ""))
    if version != case.version:
        raise Conflict(f"case {case.code} has changed")
    owner = request.upload_owner()
    photos = ConversionService.copy_pictures(request.site, request.identity, case.code, owner)
    source = request.work.get(ConversionService).source(case.code, kind_of(request.site, KIND), lock=True)
    made = make_report(
        request.work,
        source,
        values["category"],
        location,
        urgent=values["urgent"],
        photos=photos,
        owner=owner,
        version=version,
    )
    unit = request.work.get(OrganizationService).unit_name(made.unit_id)
    done = _(
        "It goes on as a report with the tracking code ${code}, which lies with: ${unit}.",
        mapping={"code": made.code, "unit": unit},
    )
    request.session.flash(request.translate(done), "good")
    return HTTPSeeOther(f"/kartable/cases/{source.code}")
