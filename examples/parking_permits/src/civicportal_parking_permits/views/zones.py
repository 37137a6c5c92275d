"""The zones with their taken places, and the form of a zone."""

from functools import partial

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.api.forms import BoundForm, Values
from civicportal.api.people import AuditService
from civicportal.api.web import Request, ViewResult
from civicportal_parking_permits.i18n import _
from civicportal_parking_permits.models import Zone
from civicportal_parking_permits.names import ZONES
from civicportal_parking_permits.schemas import ZoneForm
from civicportal_parking_permits.settings import money
from civicportal_parking_permits.zones import ZoneService

CHANGED = "parking_permits:zone:change"
ACTIONS = {CHANGED: _("Changed a parking zone")}


def listing(request: Request) -> dict[str, object]:
    """List the zones."""
    service = request.work.get(ZoneService)
    return {
        "zones": service.all(),
        "taken": service.taken(),
        "money": lambda fee: money(request.work, fee, request.locale_name),
        "may_change": request.identity.permits(ZONES),
    }


def edit(request: Request) -> ViewResult:
    """Show the form of a zone, or change it."""
    zone = request.work.get(ZoneService).fetch(request.matchdict["key"])
    initial = {"name": zone.name, "fee": zone.fee, "quota": zone.quota, "active": zone.active}
    form = BoundForm(request, ZoneForm(), initial=initial, send=_("Save"), send_class="btn-primary")
    return form.handle(partial(_change, request, zone), zone=zone)


def _change(request: Request, zone: Zone, values: Values) -> HTTPSeeOther:
    request.work.get(ZoneService).change(zone, **values)
    request.work.get(AuditService).record(CHANGED, zone=zone.key)
    request.session.flash(request.translate(_("The zone was changed.")), "good")
    return HTTPSeeOther(request.route_path("parking_permits.zones"))
