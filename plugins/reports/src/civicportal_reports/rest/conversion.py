"""Reports made of cases of another kind, in the API."""

from typing import Annotated, TypedDict

from civicportal.api.cases import CaseService, ConversionService, kind_of
from civicportal.api.forms import Flag, Node, StrictSchema
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import Conflict, NotFound, Refused
from civicportal.api.rest import Call, Operation
from civicportal_reports.conversion import make_report
from civicportal_reports.i18n import _
from civicportal_reports.places import OutsideCity, locate, outside_reason
from civicportal_reports.rest.submission import ReportBody, topics
from civicportal_reports.schemas import Conversion
from civicportal_reports.workflow import KIND, REPORTS

PHOTOS = "photos"
"""Keys of the copied pictures, among the values of the body."""


class ConversionBody(StrictSchema):
    """The data that a case of another kind lacks to become a report."""

    category = ReportBody()["category"].clone()
    place = Conversion()["place"].clone()
    urgent = Node(
        Flag(), title=_("It is an immediate danger"), description=_("By default as it was"), missing=None
    )


class ConvertedCase(TypedDict):
    """A case that goes on as a report."""

    code: Annotated[str, _("The tracking code of the report")]
    kind: str
    unit: Annotated[str | None, _("Key of the unit that has it")]
    source: Annotated[str, _("The tracking code of the case that was closed; the ETag is that of this one")]


def copy_pictures(call: Call) -> None:
    """Copy the pictures of the case for the report, before anything is written.

    If the case cannot be converted, the call itself says so, or returns the report that was made before.
    """
    site, request, code = call.request.site, call.request, call.matched["code"]
    with site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        try:
            case = work.get(ConversionService).source(code, kind_of(site, KIND))
        except (Conflict, Refused):
            return
        if call.version not in (None, case.version):
            return
    copies = ConversionService.copy_pictures(site, request.identity, code, request.upload_owner())
    call.body = {**call.body, PHOTOS: copies}


def convert(call: Call) -> ConvertedCase:
    """Open a report of a case, and close this one."""
    work, body = call.work, call.body
    source = work.get(ConversionService).source(call.matched["code"], kind_of(work.site, KIND), lock=True)
    call.require_version(source.version)
    try:
        location = locate(work.site.map, body["place"])
    except OutsideCity:
        raise call.wrong_field("#/place", outside_reason(work.site)) from None
    make_report(
        work,
        source,
        body["category"],
        location,
        urgent=source.urgent if body["urgent"] is None else body["urgent"],
        photos=body.get(PHOTOS, ()),
        owner=call.request.upload_owner(),
    )
    work.session.flush()
    return converted(call)


def converted(call: Call, _made: str = "") -> ConvertedCase:
    """Return the report that was made of a case."""
    source = call.work.get(CaseService).fetch(call.matched["code"])
    made = call.work.get(ConversionService).successor(source)
    if made is None:
        raise NotFound("no report was made of it")
    call.tag(source.version)
    unit = call.work.get(OrganizationService).units.by_id.get(made.unit_id or 0)
    return {
        "code": made.code,
        "kind": made.kind,
        "unit": unit.key if unit else None,
        "source": source.code,
    }


OPERATIONS = (
    Operation(
        name="reports.convert",
        path="/reports/from/{code:[1-9][0-9]{9}}",
        title=_("Make a report of a case of another kind, which is closed"),
        call=convert,
        count=copy_pictures,
        again=converted,
        returns=ConvertedCase,
        method="POST",
        scope="cases:write",
        permission=REPORTS.permission("register"),
        body=ConversionBody,
        bindings=topics,
        creates=True,
        status=201,
        has_version=True,
    ),
)
