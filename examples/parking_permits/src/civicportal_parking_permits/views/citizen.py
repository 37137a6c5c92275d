"""Application for a permit, and its renewal."""

from functools import partial

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.api.cases import Case
from civicportal.api.database import Work
from civicportal.api.forms import Option, Values
from civicportal.api.plugins import Refused
from civicportal.api.submission import case_form
from civicportal.api.web import Request, ViewResult
from civicportal_parking_permits.i18n import _
from civicportal_parking_permits.models import Zone
from civicportal_parking_permits.names import KIND
from civicportal_parking_permits.schemas import Submission, month_options
from civicportal_parking_permits.services import PermitService
from civicportal_parking_permits.settings import money
from civicportal_parking_permits.zones import ZoneService


def new(request: Request) -> ViewResult:
    """Show the form, or submit the application."""
    return case_form(
        request,
        Submission(),
        KIND,
        partial(_submit, request, None),
        send=_("Send the application"),
        bindings=partial(_choices, request),
    )


def renew(request: Request) -> ViewResult:
    """Show the form with vehicle and zone of a permit that ends, or submit it."""
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        try:
            case, permit = work.get(PermitService).to_renew(request.matchdict["code"])
        except Refused as refusal:
            request.session.flash(request.translate(refusal.reason), "bad")
            return HTTPSeeOther(f"/my/{request.matchdict['code']}")
        zone = work.session.get_one(Zone, permit.zone_id)
        initial = {"zone": zone.key, "plate": permit.plate, "months": str(permit.months)}
    return case_form(
        request,
        Submission(),
        KIND,
        partial(_submit, request, case),
        send=_("Renew the permit"),
        bindings=partial(_choices, request),
        initial=initial,
    )


def _submit(request: Request, renews: Case | None, values: Values) -> Case:
    service: PermitService = request.work.get(PermitService)
    return service.submit(
        zone=request.work.get(ZoneService).fetch(values["zone"]),
        plate=values["plate"],
        months=int(values["months"]),
        body=values["body"],
        photos=values["photo_key"],
        owner=request.upload_owner(),
        renews=renews,
        idempotency_key=values["key"],
    )


def _choices(request: Request, work: Work) -> dict[str, object]:
    """Return the options of zones and terms."""
    zones = [
        Option(
            value=zone.key,
            label=zone.name,
            hint=_price(request, money(work, zone.fee, request.locale_name)),
        )
        for zone in work.get(ZoneService).all()
        if zone.active
    ]
    return {"zones": zones, "months": month_options(request.translate)}


def _price(request: Request, fee: str) -> str:
    return str(request.translate(_("${fee} for a month", mapping={"fee": fee})))
