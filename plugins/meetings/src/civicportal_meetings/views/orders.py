"""Orders of the mayor."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.api.cases import Case, CaseService
from civicportal.api.forms import BoundForm, Option, Values
from civicportal.api.plugins import Forbidden, NotFound, Refused
from civicportal.api.web import Request, ViewResult
from civicportal_meetings import desk_schemas
from civicportal_meetings.i18n import _
from civicportal_meetings.names import KIND, ORDERS
from civicportal_meetings.services import NewOrder, OrderService

USUAL_DAYS = 10


def new(request: Request) -> ViewResult:
    """Create an order of a meeting."""
    meeting = _meeting(request)
    service = request.work.get(OrderService)
    if not service.may_give(meeting):
        raise Forbidden("may not give orders")
    units = service.units()
    form = BoundForm(
        request,
        desk_schemas.NewOrderSchema(),
        initial={"days": USUAL_DAYS},
        bindings={"units": [Option(value=unit.key, label=unit.name) for unit in units.values()]},
        send=_("Send the order to the unit"),
    )

    def give(values: Values) -> HTTPSeeOther:
        order = NewOrder(
            text=values["text"],
            unit=units[values["unit"]],
            days=values["days"],
            idempotency_key=form.once(values),
        )
        try:
            service.give(meeting, order)
        except Refused as refusal:
            form.refuse("text", refusal.reason)
        request.session.flash(request.translate(_("The order lies in the kartable of the unit.")), "good")
        return HTTPSeeOther(f"/kartable/cases/{meeting.code}")

    return form.handle(give, meeting=meeting)


def share(request: Request) -> HTTPSeeOther:
    """Share the result of an order with the citizen."""
    order = request.work.get(CaseService).fetch(request.matchdict["code"], lock=True)
    if order.kind != ORDERS:
        raise NotFound("no order")
    try:
        meeting = request.work.get(OrderService).share(order)
    except Refused as refusal:
        request.session.flash(request.translate(refusal.reason), "bad")
        return HTTPSeeOther(f"/kartable/cases/{order.code}")
    request.session.flash(request.translate(_("The citizen reads the result.")), "good")
    return HTTPSeeOther(f"/kartable/cases/{meeting.code}")


def _meeting(request: Request) -> Case:
    found: Case = request.work.get(CaseService).fetch(
        request.matchdict["code"], lock=request.method == "POST"
    )
    if found.kind != KIND:
        raise NotFound("no meeting")
    return found
