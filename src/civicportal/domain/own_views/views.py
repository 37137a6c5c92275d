"""Pages of own views: saving, the list of all, changing and deleting."""

from collections.abc import Callable, Mapping
from functools import partial

from pyramid.httpexceptions import HTTPSeeOther
from translationstring import TranslationString

from civicportal.domain.exports.pages import list_pages
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.own_views.models import SavedView
from civicportal.domain.own_views.schemas import NewViewSchema, ViewSchema
from civicportal.domain.own_views.services import OwnViewService
from civicportal.util.errors import NotFound, Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm
from civicportal.web.forms.filters import parse_query, with_query
from civicportal.web.ordering import step
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import Option

ME = "me"
"""Value of the field "owner" for a view that no one else sees."""
MOST_COLUMNS = 20
COLUMN = frozenset("abcdefghijklmnopqrstuvwxyz_")


def listing(request: Request) -> dict[str, object]:
    """List own views by page, and the shared ones."""
    service, pages = request.work.get(OwnViewService), list_pages(request.site.exports)
    own, shared, readable = service.own(), service.manageable(), service.readable()
    return {
        "pages": [
            (export.title, views)
            for route, export in pages.items()
            if (views := [view for view in own if view.page == route])
        ],
        "shared": [(view, pages[view.page].title) for view in shared if view.page in pages],
        "readable": [(view, pages[view.page].title) for view in readable if view.page in pages],
        "unit_name": _unit_name(request),
        "url_of": partial(_list_url, request),
    }


def save(request: Request) -> ViewResult:
    """Save the filters of a list as a view, and return to the list."""
    titles = _titles(request)
    form = BoundForm(
        request,
        NewViewSchema(),
        bindings={"pages": [Option(value=name, label=title) for name, title in titles.items()]},
        send=_("Save the view"),
        send_class="btn-primary",
    )

    def keep(values: Values) -> HTTPSeeOther:
        query = parse_query(values["query"])
        try:
            view = request.work.get(OwnViewService).save(values["page"], values["name"], query)
        except Refused as refusal:
            form.refuse("name", refusal.reason)
        request.session.flash(request.translate(_("The view was saved.")), "good")
        return HTTPSeeOther(_list_url(request, view))

    return form.handle(keep, title=titles.get(request.POST.get("page", "")))


def edit(request: Request) -> ViewResult:
    """Rename a view, or share it."""
    view, service = _fetch(request), request.work.get(OwnViewService)
    units = service.units()
    if view.unit_id is not None and view.unit_id not in dict(units):
        # The unit was closed: it stays the owner until another one is chosen.
        units = [(view.unit_id, _unit_name(request)(view.unit_id)), *units]
    owners = [
        Option(value=ME, label=_("Only me")),
        *(Option(value=str(unit_id), label=name, group=_("Shared within a unit")) for unit_id, name in units),
    ]
    form = BoundForm(
        request,
        ViewSchema(),
        initial={"name": view.name, "owner": str(view.unit_id or ME)},
        bindings={"owners": owners},
        send=_("Save the view"),
        send_class="btn-primary",
    )

    def keep(values: Values) -> HTTPSeeOther:
        unit_id = None if values["owner"] == ME else int(values["owner"])
        try:
            service.change(view, values["name"], unit_id)
        except Refused as refusal:
            form.refuse("name", refusal.reason)
        request.session.flash(request.translate(_("The view was saved.")), "good")
        return _to_listing(request, view)

    return form.handle(keep, view=view, shares=bool(units), title=_titles(request).get(view.page))


def move(request: Request) -> HTTPSeeOther:
    """Swap a view with its neighbour."""
    view = _fetch(request)
    request.work.get(OwnViewService).move(view, step(request))
    return _to_listing(request, view)


def delete(request: Request) -> ViewResult:
    """Delete a view after a confirmation."""
    view = _fetch(request)
    if request.method == "GET":
        return {"view": view, "unit": _unit_name(request)(view.unit_id) if view.unit_id else ""}
    request.work.get(OwnViewService).delete(view)
    request.session.flash(request.translate(_("The view was deleted.")), "good")
    return HTTPSeeOther(request.route_path("own_views"))


def choose_columns(request: Request) -> HTTPSeeOther:
    """Save the columns of a list, and return to it."""
    page = request.POST.get("page", "")
    if page not in list_pages(request.site.exports):
        raise NotFound("no such list")
    service = request.work.get(OwnViewService)
    if request.POST.get("reset"):
        service.reset_columns(page)
    else:
        names = [
            name for name in request.POST.getall("column") if 0 < len(name) <= 40 and set(name) <= COLUMN
        ]
        service.choose(page, list(dict.fromkeys(names))[:MOST_COLUMNS])
    query = parse_query(str(request.POST.get("query", "")))
    return HTTPSeeOther(with_query(request.route_path(page), query))


# -- inside -------------------------------------------------------------------------------------------------


def _titles(request: Request) -> Mapping[str, TranslationString | str]:
    return {name: export.title for name, export in list_pages(request.site.exports).items()}


def _fetch(request: Request) -> SavedView:
    return request.work.get(OwnViewService).fetch(int(request.matchdict["id"]))


def _to_listing(request: Request, view: SavedView) -> HTTPSeeOther:
    return HTTPSeeOther(request.route_path("own_views", _anchor=f"view-{view.id}"))


def _list_url(request: Request, view: SavedView) -> str:
    return with_query(request.route_path(view.page), view.query)


def _unit_name(request: Request) -> Callable[[int | None], str]:
    return request.work.get(OrganizationService).unit_name
