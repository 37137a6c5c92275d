"""The list of members."""

from collections.abc import Mapping

from pyramid.httpexceptions import HTTPSeeOther
from sqlalchemy import select

from civicportal.domain.accounts.invitations import InvitationService
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.rights import RightsService
from civicportal.domain.cases.finding import typed_search
from civicportal.domain.organization.choices import unit_options
from civicportal.domain.organization.services import OrganizationService
from civicportal.portal.members.directory import MemberDirectory, MemberQuery
from civicportal.portal.members.options import role_options
from civicportal.portal.members.schemas import STATES, MemberFilters
from civicportal.util.countries import InvalidMobile, is_national_code
from civicportal.util.i18n import _
from civicportal.util.persian import store
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm
from civicportal.web.forms.filters import page_ends, with_query
from civicportal.web.request import Request

FILTERS = ("who", "q", "state", "role", "unit", "citizen")
KEPT = ("who", "state", "role", "unit")
"""Filters that a search keeps."""


def members(request: Request) -> dict[str, object]:
    """List staff or citizens with the filters of the URL."""
    work = request.work
    form = _form(request)
    values = form.read_filters(request.GET)
    numbers = {name: int(values[name]) if values[name] else None for name in ("role", "unit")}
    directory = work.get(MemberDirectory)
    page = directory.page(MemberQuery(**{**values, **numbers}), **page_ends(request))
    chosen = _chosen(form, values)
    return {
        "form": form,
        "values": values,
        "kept": {name: chosen[name] for name in KEPT if name in chosen},
        "narrowed": bool(set(chosen) - {"who"}),
        "page": page,
        "states": STATES,
        "counts": directory.counts(),
        "invited": len(work.get(InvitationService).waiting()),
        "organization": work.get(OrganizationService),
        "url": lambda **changes: _url(request, {**chosen, **changes}),
    }


def find(request: Request) -> HTTPSeeOther:
    """Redirect to a person, or to a list of names within the filters of the list that was searched.

    Numbers of people are not put into URLs.
    """
    text = store(typed_search(request))
    form = _form(request)
    chosen = _chosen(form, form.read_filters(request.POST))
    kept = {name: chosen[name] for name in KEPT if name in chosen}
    if is_national_code(request.site.country, text):
        request.session.flash(request.translate(_("The national code is not searched here.")), "warn")
        return HTTPSeeOther(_url(request, kept))
    try:
        mobile = request.site.country.normalize_mobile(text)
    except InvalidMobile:
        return HTTPSeeOther(_url(request, {**kept, "q": text}))
    seen = request.work.get(RightsService).seen()
    person = request.work.session.scalar(select(User.id).where(User.mobile == mobile, seen))
    if person is None:
        request.session.flash(request.translate(_("No one has this mobile number.")), "warn")
        return HTTPSeeOther(_url(request, kept))
    # A number means one person, whom the filters would hide if they are of another unit.
    return HTTPSeeOther(_url(request, {"who": kept.get("who", ""), "citizen": person}))


def _form(request: Request) -> BoundForm:
    choices = {"roles": role_options(request.work), "units": unit_options(request.work)}
    return BoundForm(request, MemberFilters(), bindings=choices)


def _chosen(form: BoundForm, values: Values) -> dict[str, object]:
    return {name: form[name].cstruct for name in FILTERS if values[name] not in (None, "", "staff")}


def _url(request: Request, parts: Mapping[str, object]) -> str:
    return with_query(request.route_path("admin.members"), parts)
