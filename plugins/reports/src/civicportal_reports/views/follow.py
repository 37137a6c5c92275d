"""Following a part of the city or a category."""

from dataclasses import dataclass
from functools import partial

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.api.forms import BoundForm, Values, whole_number
from civicportal.api.geo import Point
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import Refused
from civicportal.api.web import Request, ViewResult
from civicportal_reports.areas import named
from civicportal_reports.i18n import _
from civicportal_reports.models import Subscription
from civicportal_reports.schemas import FollowedArea, point_of
from civicportal_reports.subscriptions import SubscriptionService
from civicportal_reports.views.public import filter_bindings, public_filters
from civicportal_reports.workflow import KIND


@dataclass(frozen=True, kw_only=True)
class FollowedItem:
    """A line of the list of what the citizen follows.

    :ivar title: category, district and place in words.
    :ivar metres: distance from the place, if there is one.
    :ivar url: of the published reports around it.
    """

    id: int
    title: str
    metres: int = 0
    url: str = ""


def follow(request: Request) -> ViewResult:
    """List what the citizen follows; follow what the filters of the address say, or stop."""
    service = request.work.get(SubscriptionService)
    if request.method == "POST" and request.POST.get("stop"):
        service.stop(whole_number(request.POST["stop"]))
        request.session.flash(request.translate(_("You follow it no more.")), "good")
        return HTTPSeeOther(request.route_path("reports.follow"))
    form = BoundForm(
        request, FollowedArea(), initial=_wanted(request), bindings=filter_bindings(request), send=_("Follow")
    )
    answer = form.handle(
        partial(_add, request, form),
        own=[_item(request, one) for one in service.own()],
        digest_at=request.site.plugin_settings[KIND]["digest_at"],
    )
    if isinstance(answer, dict):
        answer["point"] = _point(form["near"].cstruct)
    return answer


def _add(request: Request, form: BoundForm, values: Values) -> ViewResult:
    try:
        request.work.get(SubscriptionService).add(
            category=values["category"] or "",
            district=values["district"] or "",
            near=_point(values["near"]),
            metres=int(values["within"] or FollowedArea.USUAL_METRES),
        )
    except Refused as refusal:
        form.refuse("", refusal.reason)
    request.session.flash(request.translate(_("You follow it now.")), "good")
    return HTTPSeeOther(request.route_path("reports.follow"))


def _item(request: Request, one: Subscription) -> FollowedItem:
    category = request.work.get(OrganizationService).category(KIND, one.category)
    place = request.translate(_("a place on the map")) if one.point else ""
    title = " · ".join(filter(None, (category.name if category else one.category, one.district, place)))
    if one.point is None:
        return FollowedItem(id=one.id, title=title)
    query = {"near": f"{one.point.lat},{one.point.lon}", **_distance(one.metres)}
    url = request.route_path("reports.list", _query=query)
    return FollowedItem(id=one.id, title=title, metres=one.metres, url=url)


def _distance(metres: int) -> dict[str, str]:
    """Return the filter for a distance; nothing for the usual one, which has no option."""
    return {"within": str(metres)} if str(metres) in FollowedArea.DISTANCES else {}


def _wanted(request: Request) -> dict[str, str]:
    """Return what the filters of the list say that can be followed: of a street and a square its middle."""
    _form, filters = public_filters(request)
    area = named(request.site.map, filters.place)
    near = filters.near or (area.bounds.center if area.bounds and not area.districts else None)
    district = filters.district or (area.districts[0][0] if area.districts else None)
    found = {
        "category": filters.category,
        "district": district,
        "near": f"{near.lat:.4f},{near.lon:.4f}" if near else None,
        **_distance(filters.metres),
    }
    return {name: value for name, value in found.items() if value}


def _point(text: object) -> Point | None:
    try:
        return point_of(text) if isinstance(text, str) and text else None
    except ValueError:
        return None
