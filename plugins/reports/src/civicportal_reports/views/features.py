"""Published reports for geographic information systems (OGC API – Features)."""

import json
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from pyramid.response import Response

from civicportal.api.forms import BoundForm
from civicportal.api.web import Request
from civicportal_reports.board import BoardCard
from civicportal_reports.choices import public_choices
from civicportal_reports.feature_document import openapi
from civicportal_reports.feature_query import MOST, Interval, Position, parse_box
from civicportal_reports.features import (
    COLLECTION,
    CONFORMANCE,
    CRS84,
    FeatureQuery,
    FeatureService,
    feature,
)
from civicportal_reports.i18n import _
from civicportal_reports.schemas import FeatureFilters
from civicportal_reports.search import Filters
from civicportal_reports.views.public import absolute

JSON, GEOJSON = "application/json", "application/geo+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
PROBLEM = "application/problem+json"
SECONDS = 60
"""Life in caches."""
Link = dict[str, str]


def landing(request: Request) -> Response:
    """Return the landing page: what is here, and where."""
    if problem := _unknown(request):
        return problem
    site = request.site.branding_in(request.locale_name).name
    links = [
        _link(request, "self", "reports.features", JSON),
        _link(request, "service-desc", "reports.features_api", OPENAPI),
        _link(request, "conformance", "reports.features_conformance", JSON),
        _link(request, "data", "reports.features_collections", JSON),
    ]
    return _answer(request, {"title": site, "description": _title(request), "links": links})


def conformance(request: Request) -> Response:
    """Return the classes of requirements that are met."""
    return _unknown(request) or _answer(request, {"conformsTo": list(CONFORMANCE)})


def api(request: Request) -> Response:
    """Return the OpenAPI document."""
    if problem := _unknown(request):
        return problem
    site = request.site.branding_in(request.locale_name).name
    root = absolute(request, request.route_path("reports.features"))
    return _answer(request, openapi(root, f"{_title(request)} · {site}"), OPENAPI)


def collections(request: Request) -> Response:
    """Return the list of collections, which has one."""
    if problem := _unknown(request):
        return problem
    links = [_link(request, "self", "reports.features_collections", JSON)]
    return _answer(request, {"links": links, "collections": [_collection(request)]})


def collection(request: Request) -> Response:
    """Describe the collection of reports."""
    return _unknown(request) or _answer(request, _collection(request))


def items(request: Request) -> Response:
    """Return a page of published reports as GeoJSON."""
    form = BoundForm(request, FeatureFilters(), bindings=public_choices(request.work))
    values = form.read_filters(request.GET)
    if problem := _unknown(request, *values):
        return problem
    if form.errors:
        return _problem(
            request, 400, "; ".join(f"{field.name}: {field.error}" for field in form if field.error)
        )
    asked = FeatureQuery(
        limit=min(values["limit"], MOST),
        filters=replace(Filters.of(values), located=True),
        box=parse_box(values["bbox"]) if values["bbox"] else None,
        interval=Interval.parse(values["datetime"], request.site.timezone)
        if values["datetime"]
        else Interval(),
        after=Position.parse(values["after"]) if values["after"] else None,
    )
    page = request.work.get(FeatureService).page(asked, lambda card: _properties(request, card))
    links = [_with_query(request, "self", {})]
    if page.next:
        links.append(_with_query(request, "next", {"after": str(page.next)}))
    body = {
        "type": "FeatureCollection",
        "timeStamp": request.work.clock.now().astimezone(request.site.timezone).isoformat(timespec="seconds"),
        "numberReturned": len(page.features),
        "features": page.features,
        "links": links,
    }
    return _answer(request, body, GEOJSON)


def item(request: Request) -> Response:
    """Return one published report as GeoJSON."""
    if problem := _unknown(request):
        return problem
    card = request.work.get(FeatureService).fetch(int(request.matchdict["id"]))
    if card is None:
        return _problem(request, 404, request.translate(_("There is no such report.")))
    links = [
        _link(request, "self", "reports.features_item", GEOJSON, id=card.id),
        _link(request, "collection", "reports.features_collection", JSON),
        {"rel": "alternate", "type": "text/html", "href": _page(request, card)},
    ]
    return _answer(request, {**feature(card, _properties(request, card)), "links": links}, GEOJSON)


def _properties(request: Request, card: BoardCard) -> dict[str, object]:
    timezone = request.site.timezone
    return {
        "title": card.subject,
        "text": card.excerpt,
        "category": card.category.key if card.category else None,
        "category_name": card.category.name if card.category else None,
        "district": card.district or None,
        "stage": card.stage,
        "status": request.translate(card.status),
        "people": card.people,
        "registered": card.created_at.astimezone(timezone).isoformat(timespec="seconds"),
        "updated": card.updated_at.astimezone(timezone).isoformat(timespec="seconds"),
        "page": _page(request, card),
        "picture": absolute(request, request.route_path("attachment", key=card.photo))
        if card.photo
        else None,
    }


def _page(request: Request, card: BoardCard) -> str:
    return absolute(request, request.route_path("reports.page", id=card.id))


def _title(request: Request) -> str:
    return request.translate(_("Problems in the city"))


def _collection(request: Request) -> dict[str, object]:
    city_map = request.site.map
    box = city_map.bounds if city_map else None
    return {
        "id": COLLECTION,
        "title": _title(request),
        "description": request.translate(_("Reports that have been published, each at its place.")),
        "itemType": "feature",
        "crs": [CRS84],
        "extent": {
            "spatial": {
                "bbox": [[box.west, box.south, box.east, box.north] if box else [-180, -90, 180, 90]],
                "crs": CRS84,
            },
            "temporal": {"interval": [[None, None]]},
        },
        "links": [
            _link(request, "self", "reports.features_collection", JSON),
            _link(request, "items", "reports.features_items", GEOJSON),
            {
                "rel": "alternate",
                "type": "text/html",
                "href": absolute(request, request.route_path("reports.list")),
            },
        ],
    }


def _link(request: Request, rel: str, route: str, content_type: str, **parts: object) -> Link:
    return {"rel": rel, "type": content_type, "href": absolute(request, request.route_path(route, **parts))}


def _with_query(request: Request, rel: str, more: Mapping[str, str]) -> Link:
    """Return a link to the same features with some parameters replaced."""
    query = urlencode({**request.GET, **more})
    address = absolute(request, request.path)
    return {"rel": rel, "type": GEOJSON, "href": f"{address}?{query}" if query else address}


def _unknown(request: Request, *known: str) -> Response | None:
    """Return the answer to parameters that the specification does not know, None if there are none."""
    unknown = sorted(set(request.GET) - set(known))
    return _problem(request, 400, f"{', '.join(unknown)[:100]}: unknown") if unknown else None


def _answer(
    request: Request, body: Mapping[str, object], content_type: str = JSON, status: int = 200
) -> Response:
    response = request.response
    response.status_int = status
    response.body = json.dumps(body, ensure_ascii=False).encode()
    response.headers["Content-Type"] = content_type
    # Maps of other sites may read it, without cookies: everything in it is public.
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if status == 200:
        response.cache_control = f"public, max-age={SECONDS}"
        # Its words are in the language of the cookie.
        response.vary = ("Cookie",)
        response.md5_etag()
        response.conditional_response = True
    return response


def _problem(request: Request, status: int, detail: str) -> Response:
    """Return an error as RFC 9457 describes it."""
    title = {400: "Bad Request", 404: "Not Found"}[status]
    return _answer(
        request, {"type": "about:blank", "title": title, "status": status, "detail": detail}, PROBLEM, status
    )
