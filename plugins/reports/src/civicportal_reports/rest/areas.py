"""Parts of the city and categories that citizens follow, in the API."""

from datetime import datetime
from typing import Annotated, TypedDict

import colander

from civicportal.api.forms import BoundedInt, Node, PlaceField, StrictSchema
from civicportal.api.geo import Point
from civicportal.api.rest import Call, Listed, Operation
from civicportal.api.web import PagePermission
from civicportal_reports.choices import public_choices
from civicportal_reports.i18n import _
from civicportal_reports.models import Subscription
from civicportal_reports.schemas import FollowedArea, PublicFilters
from civicportal_reports.subscriptions import AreaChoice, SubscriptionService

READ, WRITE = "cases:read", "cases:write"
PATH = "/reports/areas"
ONE = f"{PATH}/{{id:[1-9][0-9]{{0,17}}}}"
DISTANCES = sorted((PublicFilters.USUAL_METRES, *map(int, PublicFilters.DISTANCES)))


class PointItem(TypedDict):
    """A point in degrees (WGS 84)."""

    lat: float
    lon: float


class AreaItem(TypedDict):
    """A part of the city or a category that the caller follows; every value that is set narrows it."""

    id: int
    category: Annotated[str | None, _("Key of the category, with those below it")]
    district: str | None
    near: Annotated[PointItem | None, _("The middle of the surroundings")]
    metres: Annotated[int | None, _("Distance from this point")]
    created_at: datetime


class StoppedArea(TypedDict):
    """What the caller has followed until now."""

    id: int
    following: bool


def _is_distance(node: colander.SchemaNode, value: int) -> None:
    if value not in DISTANCES:
        offered = ", ".join(map(str, DISTANCES))
        raise colander.Invalid(node, _("Choose one of ${choices}.", mapping={"choices": offered}))


class MiddlePoint(StrictSchema):
    """A point in degrees (WGS 84)."""

    lat = PlaceField()["lat"].clone()
    lon = PlaceField()["lon"].clone()
    lat.missing = lon.missing = colander.required


class AreaBody(StrictSchema):
    """What to follow, with the fields of its form: at least one of category, district and point."""

    category = FollowedArea()["category"].clone()
    district = FollowedArea()["district"].clone()
    near = MiddlePoint(title=_("Near a point"), missing=None)
    metres = Node(
        BoundedInt(DISTANCES[0], DISTANCES[-1]),
        title=_("Distance"),
        missing=PublicFilters.USUAL_METRES,
        validator=_is_distance,
    )


def areas(call: Call) -> Listed:
    """Return what the caller follows, oldest first."""
    found, following = call.window(call.work.get(SubscriptionService).own(), lambda one: one.id)
    return Listed(items=[_item(one) for one in found], next=following)


def add(call: Call) -> AreaItem:
    """Follow what the body says; what is followed already is not added."""
    made = call.work.get(SubscriptionService).add(_area(call))
    call.work.session.flush()
    call.made(str(made.id))
    return _item(made)


def again(call: Call, made: str) -> AreaItem:
    """Return what was followed by the same call before."""
    return _item(call.work.get(SubscriptionService).fetch(int(made)))


def change(call: Call) -> AreaItem:
    """Follow another area or category instead."""
    service = call.work.get(SubscriptionService)
    subscription = service.fetch(int(call.matched["id"]))
    service.change(subscription, _area(call))
    return _item(subscription)


def stop(call: Call) -> StoppedArea:
    """Stop following it."""
    service = call.work.get(SubscriptionService)
    subscription = service.fetch(int(call.matched["id"]))
    service.stop(subscription.id)
    return {"id": subscription.id, "following": False}


def _area(call: Call) -> AreaChoice:
    body = call.body
    return AreaChoice(
        category=body["category"] or "",
        district=body["district"] or "",
        near=Point(**body["near"]) if body["near"] else None,
        metres=body["metres"],
    )


def _item(one: Subscription) -> AreaItem:
    point = one.point
    return {
        "id": one.id,
        "category": one.category or None,
        "district": one.district or None,
        "near": {"lat": point.lat, "lon": point.lon} if point else None,
        "metres": one.metres or None,
        "created_at": one.created_at,
    }


OPERATIONS = (
    Operation(
        name="reports.areas",
        path=PATH,
        title=_("List the areas and categories that the caller follows"),
        call=areas,
        returns=AreaItem,
        scope=READ,
        permission=PagePermission.CITIZEN,
        is_list=True,
    ),
    Operation(
        name="reports.follow_area",
        path=PATH,
        title=_("Follow an area or a category: one SMS a day, if reports were published there"),
        call=add,
        again=again,
        returns=AreaItem,
        method="POST",
        scope=WRITE,
        permission=PagePermission.CITIZEN,
        body=AreaBody,
        bindings=public_choices,
        creates=True,
        status=201,
    ),
    Operation(
        name="reports.change_area",
        path=ONE,
        title=_("Follow another area or category instead"),
        call=change,
        returns=AreaItem,
        method="POST",
        scope=WRITE,
        permission=PagePermission.CITIZEN,
        body=AreaBody,
        bindings=public_choices,
    ),
    Operation(
        name="reports.stop_area",
        path=f"{ONE}/stop",
        title=_("Stop following an area or a category"),
        call=stop,
        returns=StoppedArea,
        method="POST",
        scope=WRITE,
        permission=PagePermission.CITIZEN,
    ),
)
