"""Orders of the mayor in the API."""

from datetime import datetime
from typing import Annotated, TypedDict

from civicportal.api.cases import Case, CaseService, kind_of
from civicportal.api.database import NEVER
from civicportal.api.forms import CleanText, Node, StrictSchema
from civicportal.api.organization import OrganizationService
from civicportal.api.rest import Call, Operation
from civicportal.api.web import PagePermission
from civicportal_meetings.desk_schemas import NewOrderSchema
from civicportal_meetings.i18n import _
from civicportal_meetings.names import GIVE_ORDERS, KIND, ORDERS
from civicportal_meetings.rest.cases import CODE, READ, WRITE, fetch, record_visit
from civicportal_meetings.services import NewOrder, OrderService

OF_MEETING = f"/meetings/requests/{CODE}/orders"
ONE = f"/meetings/orders/{CODE}"


class OrderItem(TypedDict):
    """An order of the mayor."""

    code: Annotated[str, _("The tracking code")]
    subject: str
    unit: Annotated[str | None, _("Key of the unit")]
    status: str
    status_title: Annotated[str, _("The status in the caller's language")]
    deadline: datetime | None
    told: Annotated[bool, _("Whether the citizen has been told its result")]


class WholeOrder(OrderItem):
    """An order with what only those read who see it."""

    text: Annotated[str, _("What the mayor has ordered")]
    result: Annotated[str, _("What the unit has written; empty while the order is open")]
    meeting: Annotated[str | None, _("Tracking code of the meeting; only with the right to see it")]
    created_at: datetime
    closed_at: datetime | None


class OrderList(TypedDict):
    """The orders of a meeting."""

    items: list[OrderItem]
    possible: Annotated[bool, _("Whether the caller may write down one more")]


class OrderBody(StrictSchema):
    """A new order."""

    text = NewOrderSchema()["text"].clone()
    unit = Node(CleanText(1, 40), title=_("Key of the unit"))
    days = NewOrderSchema()["days"].clone()


def orders(call: Call) -> OrderList:
    """Return the orders of a meeting, oldest first."""
    meeting, service = fetch(call, KIND), call.work.get(OrderService)
    return {
        "items": [_item(call, order) for order in service.of(meeting)],
        "possible": meeting.status == "held" and service.may_give(meeting),
    }


def order(call: Call) -> WholeOrder:
    """Return an order. The visit is recorded first, as on its page."""
    found = fetch(call, ORDERS)
    record_visit(call, found, _version(call, found))
    return _whole(call, found)


def give(call: Call) -> WholeOrder:
    """Write down an order of a meeting."""
    meeting, body = fetch(call, KIND, lock=True), call.body
    service = call.work.get(OrderService)
    unit = service.units().get(body["unit"])
    if unit is None:
        raise call.wrong_field("#/unit", _("There is no such unit."))
    new = NewOrder(text=body["text"], unit=unit, days=body["days"])
    made = service.give(meeting, new)
    call.made(made.code)
    call.work.session.flush()
    return _whole(call, made)


def given(call: Call, made: str) -> WholeOrder:
    """Return an order that was written down before."""
    return _whole(call, call.work.get(CaseService).fetch(made))


def share(call: Call) -> WholeOrder:
    """Tell the citizen of the meeting the result of an order."""
    found = fetch(call, ORDERS, lock=True)
    call.require_version(_version(call, found))
    call.work.get(OrderService).share(found)
    call.work.session.flush()
    return _whole(call, found)


# -- inside -------------------------------------------------------------------------------------------------


def _version(call: Call, order: Case) -> int:
    return call.version_of(order.version, call.work.get(OrderService).is_told(order))


def _whole(call: Call, order: Case) -> WholeOrder:
    """Return an order, with its version as the ETag of the answer."""
    service = call.work.get(OrderService)
    meeting = service.meeting(order)
    call.tag(_version(call, order))
    return {
        **_item(call, order),
        "text": order.body,
        "result": service.result(order),
        "meeting": meeting.code if meeting else None,
        "created_at": order.created_at,
        "closed_at": order.closed_at,
    }


def _item(call: Call, order: Case) -> OrderItem:
    work = call.work
    unit = work.get(OrganizationService).units.by_id.get(order.unit_id or 0)
    return {
        "code": order.code,
        "subject": order.subject,
        "unit": unit.key if unit else None,
        "status": order.status,
        "status_title": call.say(kind_of(work.site, ORDERS).workflow.state(order.status).title),
        "deadline": None if order.deadline == NEVER else order.deadline,
        "told": work.get(OrderService).is_told(order),
    }


OPERATIONS = (
    Operation(
        name="meetings.orders",
        path=OF_MEETING,
        title=_("List the orders of a meeting"),
        call=orders,
        returns=OrderList,
        scope=READ,
        permission=PagePermission.STAFF,
    ),
    Operation(
        name="meetings.order",
        path=ONE,
        title=_("Show an order of the mayor"),
        call=order,
        returns=WholeOrder,
        scope=READ,
        permission=PagePermission.STAFF,
        has_version=True,
    ),
    Operation(
        name="meetings.give_order",
        path=OF_MEETING,
        title=_("Write down an order of the mayor"),
        call=give,
        again=given,
        returns=WholeOrder,
        method="POST",
        scope="meetings:write",
        permission=GIVE_ORDERS,
        body=OrderBody,
        creates=True,
        status=201,
    ),
    Operation(
        name="meetings.share_order",
        path=f"{ONE}/share",
        title=_("Tell the citizen the result of an order"),
        call=share,
        returns=WholeOrder,
        method="POST",
        scope=WRITE,
        permission="orders:case:view",
        has_version=True,
    ),
)
