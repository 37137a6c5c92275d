"""Following a part of the city or a category."""

from functools import partial

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.api.forms import BoundForm, Values, whole_number
from civicportal.api.geo import Point
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import Refused
from civicportal.api.web import Request, ViewResult
from civicportal_reports.areas import named
from civicportal_reports.choices import public_choices
from civicportal_reports.i18n import _
from civicportal_reports.schemas import FollowedArea, PublicFilters, point_of
from civicportal_reports.subscriptions import AreaChoice, SubscriptionService
from civicportal_reports.views.public import public_filters
from civicportal_reports.workflow import KIND


def follow(request: Request) -> ViewResult:
    """List what the citizen follows; follow what the filters of the address say, or stop."""
    service = request.work.get(SubscriptionService)
    if request.method == "POST" and request.POST.get("stop"):
        service.stop(whole_number(request.POST["stop"]) or 0)
        request.session.flash(request.translate(_("You follow it no more.")), "good")
        return HTTPSeeOther(request.route_path("reports.follow"))
    form = BoundForm(
        request,
        FollowedArea(),
        initial=_wanted(request),
        bindings=public_choices(request.work),
        send=_("Follow"),
    )
    organization = request.work.get(OrganizationService)

    def category_name(key: str) -> str:
        category = organization.category(KIND, key)
        return category.name if category else key

    answer = form.handle(
        partial(_add, request, form),
        own=service.own(),
        category_name=category_name,
        digest_at=request.site.plugin_settings[KIND]["digest_at"],
    )
    if isinstance(answer, dict):
        answer["point"] = _point(form["near"].cstruct)
    return answer


def _add(request: Request, form: BoundForm, values: Values) -> ViewResult:
    try:
        request.work.get(SubscriptionService).add(
            AreaChoice(
                category=values["category"] or "",
                district=values["district"] or "",
                near=_point(values["near"]),
                metres=int(values["within"] or PublicFilters.USUAL_METRES),
            )
        )
    except Refused as refusal:
        form.refuse("", refusal.reason)
    request.session.flash(request.translate(_("You follow it now.")), "good")
    return HTTPSeeOther(request.route_path("reports.follow"))


def _wanted(request: Request) -> dict[str, str]:
    """Return what the filters of the list say that can be followed: of a street and a square its middle."""
    _form, filters = public_filters(request)
    area = named(request.site.map, filters.place)
    near = filters.near or (area.bounds.center if area.bounds and not area.districts else None)
    district = filters.district or (area.districts[0][0] if area.districts else None)
    metres = str(filters.metres) if str(filters.metres) in PublicFilters.DISTANCES else None
    found = {
        "category": filters.category,
        "district": district,
        "near": f"{near.lat:.4f},{near.lon:.4f}" if near else None,
        "within": metres,
    }
    return {name: value for name, value in found.items() if value}


def _point(text: object) -> Point | None:
    try:
        return point_of(text) if isinstance(text, str) and text else None
    except ValueError:
        return None
