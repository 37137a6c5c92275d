"""The public list for other programs: its feeds, and pictures for previews of links."""

import math
from functools import lru_cache
from typing import Literal

from pyramid.httpexceptions import HTTPNotFound
from pyramid.response import Response

from civicportal.api.geo import CityDrawing, CityMap, Point
from civicportal.api.lists import ListAddress
from civicportal.api.web import Request
from civicportal_reports.board import BoardService
from civicportal_reports.i18n import _
from civicportal_reports.mapping import ReportMap
from civicportal_reports.search import Filters
from civicportal_reports.viewports import MapView
from civicportal_reports.views.public import public_filters, published, strict

AN_HOUR = 3600
PICTURE_SIZE = (1200, 630)
"""Pixels that previews of links expect."""
METRES = 1200
"""Width of the picture of a place."""


def atom_feed(request: Request) -> Response:
    """Return the newest filtered reports as Atom."""
    return _feed(request, "reports.feed", "atom")


def rss_feed(request: Request) -> Response:
    """Return the newest filtered reports as RSS."""
    return _feed(request, "reports.rss", "rss")


def page_picture(request: Request) -> Response:
    """Return the surroundings of a published report as a picture."""
    _case, report = published(request)
    city_map = request.site.map
    if city_map is None or report.point is None:
        raise HTTPNotFound
    return _picture(request, _surroundings(city_map, report.point))


def list_picture(request: Request) -> Response:
    """Return the city with all reports of the public map as a picture."""
    city_map = request.site.map
    if city_map is None:
        raise HTTPNotFound
    box = city_map.bounds
    zoom = math.floor(math.log2(PICTURE_SIZE[0] / 256 * 360 / max(box.east - box.west, 1e-4)))
    view = MapView(zoom=min(max(zoom, 0), 18))
    found = request.work.get(ReportMap).picture(Filters(), view, public=True)
    marks = [(Point(round(row.lat, 3), round(row.lon, 3)), 1) for row in found.rows]
    marks += [(cluster.point, cluster.n) for cluster in found.clusters]
    return _picture(request, _overview(city_map, tuple(marks)))


@lru_cache(64)
def _surroundings(city_map: CityMap, point: Point) -> bytes:
    return CityDrawing(city_map, PICTURE_SIZE).picture(point, METRES, [point])


@lru_cache(4)
def _overview(city_map: CityMap, marks: tuple[tuple[Point, int], ...]) -> bytes:
    return CityDrawing(city_map, PICTURE_SIZE).overview_picture(marks)


def _feed(request: Request, route: str, written_as: Literal["atom", "rss"]) -> Response:
    form, filters = public_filters(request)
    strict(form)
    address = ListAddress(request, form, "reports.list", keep=())
    name = request.site.branding_in(request.locale_name).name
    found = request.feed(
        title=f"{request.translate(_('Problems in the city'))} · {name}",
        about="; ".join(f"{field.label}: {field.words}" for field in form.narrowing),
        author=name,
        language=request.locale_name,
        home=address(),
        address=address(route),
    )
    for card in request.work.get(BoardService).page(filters).cards:
        found.add(
            title=f"{card.subject} ({request.translate(card.status)})",
            path=request.route_path("reports.page", id=card.id),
            summary=card.excerpt or card.subject,
            published=card.created_at,
            changed=card.updated_at,
            category=(card.category.key, card.category.name) if card.category else None,
            pictures=[(request.route_path("attachment", key=card.photo), "", 0)] if card.photo else (),
        )
    # Its words are in the language of the cookie.
    return found.response(written_as, vary=("Cookie",))


def _picture(request: Request, body: bytes) -> Response:
    response = request.response
    response.content_type = "image/png"
    response.cache_control = f"public, max-age={AN_HOUR}"
    response.body = body
    response.md5_etag()
    response.conditional_response = True
    return response
