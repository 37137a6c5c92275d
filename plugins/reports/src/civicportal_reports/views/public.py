"""Public pages of reports."""

from dataclasses import replace
from urllib.parse import quote

from markupsafe import escape
from pyramid.httpexceptions import HTTPBadRequest, HTTPSeeOther
from sqlalchemy import select
from webob.multidict import MultiDict

from civicportal.api.cases import Case, CaseService, PublicHistory, kind_of
from civicportal.api.forms import BoundForm, FormInvalid
from civicportal.api.lists import ListAddress
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import NotFound
from civicportal.api.publishing import PublicTexts
from civicportal.api.submission import QuestionnaireService
from civicportal.api.web import Request, ViewResult
from civicportal_reports.areas import named, surroundings
from civicportal_reports.board import BoardService
from civicportal_reports.choices import public_choices
from civicportal_reports.i18n import _
from civicportal_reports.looks import legend, look_of
from civicportal_reports.models import Report
from civicportal_reports.near_cards import excerpt
from civicportal_reports.pins import Pins
from civicportal_reports.schemas import MeToo, PublicFilters, point_of
from civicportal_reports.search import Filters, PublicPoint
from civicportal_reports.services import ReportService
from civicportal_reports.viewports import MapView
from civicportal_reports.workflow import KIND


def listing(request: Request) -> dict[str, object]:
    """List the published reports."""
    form, filters = public_filters(request)
    city_map, hosts = request.site.map, embed_hosts(request)
    return {
        "embed_hosts": hosts,
        "embed_code": embed_code(request, form) if hosts else "",
        "page_url": absolute(request, request.path),
        "picture_url": absolute(request, request.route_path("reports.list_picture")) if city_map else "",
        "page": request.work.get(BoardService).page(filters, request.GET.get("cursor")),
        "view": "list" if request.GET.get("view") == "list" or request.GET.get("cursor") else "map",
        **shown_map(request, form, filters),
    }


def embed_hosts(request: Request) -> list[str]:
    """Return the hosts that may embed the map."""
    return list(request.site.plugin_settings[KIND]["embed_hosts"])


def embed_code(request: Request, form: BoundForm) -> str:
    """Return the HTML that shows the filtered map in a page of another site."""
    address = ListAddress(request, form, "reports.embed", keep=())
    source, title = escape(absolute(request, address())), escape(request.translate(_("Problems in the city")))
    return f'<iframe src="{source}" title="{title}" width="100%" height="560" loading="lazy"></iframe>'


def shown_map(request: Request, form: BoundForm, filters: Filters) -> dict[str, object]:
    """Return the template variables of a public map and its filters."""
    city_map, near = request.site.map, filters.near
    area = named(city_map, filters.place)
    box = surroundings(near, filters.metres) if near else area.bounds
    return {
        "form": form,
        "filters": filters,
        "address": ListAddress(request, form, "reports.list", keep=("view",)),
        "legend": legend(kind_of(request.site, KIND)),
        "unknown_place": bool(filters.place) and area.is_empty,
        "outside": bool(city_map and near and not city_map.contains(near)),
        "focus": MapView.around(box) if box else None,
    }


def page(request: Request) -> dict[str, object]:
    """Show a published report by the id of its case, without code and names."""
    case, report = published(request)
    organization = request.work.get(OrganizationService)
    history, texts = request.work.get(PublicHistory), request.work.get(PublicTexts)
    audiences = ("public",)
    body = texts.body(case)
    photos = [photo for photo in history.photos(case, audiences) if photo.purpose == "before"]
    return {
        "case": case,
        "body": body,
        "lead": excerpt(body),
        "page_url": absolute(request, request.path),
        "picture_url": _picture_url(request, report, photos[0].key if photos else ""),
        "place": texts.place(case),
        "report": report,
        "category": organization.categories.by_id.get(case.category_id or 0),
        "unit": organization.unit_name(case.unit_id),
        "status": kind_of(request.site, KIND).public_status(case.status),
        "look": look_of(case.status, case.stage),
        "events": history.of(case, audiences=audiences),
        "photos": photos,
        "answers": request.work.get(QuestionnaireService).of(case, corrected=False, public=True),
        "pins": Pins(request, request.work).for_everybody([PublicPoint.of(case, report)]),
    }


def _picture_url(request: Request, report: Report, photo: str) -> str:
    """Return the URL of the picture for previews of a link: the first photo, else a drawing of the place."""
    if photo:
        return absolute(request, request.route_path("attachment", key=photo))
    if request.site.map is None or report.point is None:
        return ""
    return absolute(request, request.route_path("reports.picture", id=report.case_id))


def published(request: Request) -> tuple[Case, Report]:
    """Return the published report of the URL.

    :raises NotFound: when there is none.
    """
    row = request.work.session.execute(
        select(Case, Report)
        .join(Report, Report.case_id == Case.id)
        .where(Case.id == int(request.matchdict["id"]), Case.kind == KIND, Case.public)
    ).one_or_none()
    if row is None:
        raise NotFound("not published")
    case, report = row
    return case, report


def ask_me_too(request: Request) -> dict[str, object]:
    """Ask for confirmation to follow an open report, for visitors after the sign-in."""
    case = request.work.get(ReportService).open_case(_case_id(request, request.GET))
    return {
        "case": case,
        "category": request.work.get(OrganizationService).category_name(case.category_id),
        "status": request.work.get(CaseService).kind(case).public_status(case.status),
        "look": look_of(case.status, case.stage),
    }


def me_too(request: Request) -> ViewResult:
    """Let a citizen follow another person's report; a visitor signs in first."""
    case_id = _case_id(request, request.POST)
    if not request.identity.is_citizen:
        target = f"{request.route_path('reports.me_too')}?case={case_id}"
        return HTTPSeeOther(f"/login?next={quote(target)}")
    service = request.work.get(ReportService)
    case = service.open_case(case_id)
    service.me_too(case)
    request.session.flash(request.translate(_("You will hear of every step of this report.")), "good")
    if case.citizen_id == request.identity.user_id:
        return HTTPSeeOther(request.route_path("my_case", code=case.code))
    return HTTPSeeOther(request.route_path("followed", id=case.id, _query={"note": ""}))


def absolute(request: Request, path: str) -> str:
    """Return a URL for other programs."""
    return f"{(request.site.public_url or request.host_url).rstrip('/')}{path}"


def strict(form: BoundForm) -> None:
    """Refuse invalid filters, which a map or a feed could not show.

    :raises HTTPBadRequest: names the invalid ones.
    """
    if form.errors:
        raise HTTPBadRequest(", ".join(field.name for field in form if field.error))


def _case_id(request: Request, params: MultiDict[str]) -> int:
    try:
        return int(BoundForm(request, MeToo(), ignore=("next",)).validate(params)["case"])
    except FormInvalid:
        raise NotFound("no such report") from None


def public_filters(request: Request) -> tuple[BoundForm, Filters]:
    """Return the filters of the URL, as form and query."""
    form = BoundForm(request, PublicFilters(), bindings=public_choices(request.work))
    values = form.read_filters(request.GET)
    today = request.site.calendar.today(request.work.clock.now())
    near = point_of(values["near"]) if values["near"] else None
    return form, replace(
        Filters.of(values),
        first_day=PublicFilters.first_day(values["since"], today),
        near=near,
        metres=int(values["within"] or PublicFilters.USUAL_METRES) if near else 0,
    )
