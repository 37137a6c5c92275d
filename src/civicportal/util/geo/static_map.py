"""A locator map as inline SVG.

Colours are presentation attributes, which a strict content security policy allows; a style sheet may override
them by class.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from markupsafe import Markup, escape

from civicportal.util.geo.city_map import CityMap, MapFeature
from civicportal.util.geo.labels import XY, Box, Names
from civicportal.util.geo.points import EARTH_RADIUS_M, Bounds, Point

LAND = "#EDEAE2"
AREAS = {"water": "#AFD4DF", "park": "#CFE3C4"}
ROADS = {
    "street": ("#FFFFFF", 8),
    "secondary": ("#FFFFFF", 13),
    "primary": ("#FFF3D6", 18),
    "ring": ("#FFF3D6", 22),
}
_CLOSE_M = 1500  # Maps of a smaller area than this include the names of side streets.
_LABEL = 12
"""Font size of a road's name in pixels."""
_PIECES = 12
"""Pieces of a road that are tried for its name."""
_PIN = "M0 0C-3-6-10-12-10-20A10 10 0 1 1 10-20C10-12 3-6 0 0Z"


def render_svg(
    city_map: CityMap, center: Point, zoom_m: float, points: Sequence[Point], size: tuple[int, int]
) -> Markup:
    """Render the surroundings of a place with a pin on each point.

    :param zoom_m: width of the picture in metres.
    :param size: width and height of the picture in pixels.
    :returns: an `<svg>` element, hidden from screen readers: the text beside it names the place.
    """
    view = View(center, zoom_m, size)
    pins = [view.place(point) for point in points]
    features = city_map.features_in(view.bounds)
    roads = [feature for feature in features if feature.kind == "road"]
    parts = [*_areas(features, view), *_roads(roads, view), *_labels(roads, view, pins)]
    parts += [_pin(place) for place in pins]
    width, height = size
    return Markup(  # noqa: S704 - numbers, colours of this file, and names that escape() has seen
        f'<svg xmlns="http://www.w3.org/2000/svg" class="static-map" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" aria-hidden="true" focusable="false"><rect class="sm-land" width="{width}"'
        f' height="{height}" fill="{LAND}"/>{"".join(parts)}</svg>'
    )


class View:
    """Projection of coordinates to pixels of the picture."""

    def __init__(self, center: Point, zoom_m: float, size: tuple[int, int]) -> None:
        self.width, self.height = size
        self.zoom_m = zoom_m
        self.pixels_per_metre = self.width / zoom_m
        lat_scale = math.radians(EARTH_RADIUS_M) * self.pixels_per_metre
        self.scale = (lat_scale * math.cos(math.radians(center.lat)), lat_scale)
        self.center = center
        half_lon, half_lat = self.width / 2 / self.scale[0], self.height / 2 / self.scale[1]
        self.bounds = Bounds(
            center.lat - half_lat, center.lon - half_lon, center.lat + half_lat, center.lon + half_lon
        )

    def place(self, point: Point) -> XY:
        x = self.width / 2 + (point.lon - self.center.lon) * self.scale[0]
        return x, self.height / 2 - (point.lat - self.center.lat) * self.scale[1]

    def holds(self, place: XY) -> bool:
        """Return whether a place is within the picture."""
        return 0 <= place[0] <= self.width and 0 <= place[1] <= self.height

    def path(self, feature: MapFeature, step: float = 0) -> str:
        """Return the feature's lines as an SVG path.

        :param step: points closer than this number of pixels to the previous one are dropped.
        """
        lines: Iterable[list[XY]] = ([self.place(point) for point in line] for line in feature.lines)
        if step:
            lines = (_thinned(line, step) for line in lines)
        return "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in line) for line in lines)


def _thinned(line: list[XY], step: float) -> list[XY]:
    kept = line[:1]
    for place in line[1:-1]:
        if math.dist(place, kept[-1]) >= step:
            kept.append(place)
    return kept + line[1:][-1:]


def _areas(features: Sequence[MapFeature], view: View) -> Iterator[str]:
    for feature in features:
        if feature.kind in AREAS:
            yield f'<path class="sm-{feature.kind}" fill="{AREAS[feature.kind]}" d="{view.path(feature)}Z"/>'
    for feature in features:
        if feature.kind == "district":
            path = view.path(feature)
            yield f'<path class="sm-district" fill="none" stroke="#8C8A80" stroke-dasharray="6 5" d="{path}Z"/>'


def _roads(features: Sequence[MapFeature], view: View) -> Iterator[str]:
    """Render the casing of all roads, then their surface.

    Thus crossings stay open.
    """
    roads = [(str(road.properties.get("cls", "street")), view.path(road)) for road in features]
    for kind, path in roads:
        _color, metres = ROADS.get(kind, ROADS["street"])
        yield _stroke("sm-casing", "#D8D2C4", max(1.0, metres * view.pixels_per_metre) + 1.6, path)
    for kind, path in roads:
        color, metres = ROADS.get(kind, ROADS["street"])
        yield _stroke(f"sm-road sm-{escape(kind)}", color, max(1.0, metres * view.pixels_per_metre), path)


def _stroke(classes: str, color: str, width: float, path: str) -> str:
    return (
        f'<path class="{classes}" fill="none" stroke="{color}" stroke-width="{width:.1f}" stroke-linecap="round"'
        f' stroke-linejoin="round" d="{path}"/>'
    )


def _labels(roads: Sequence[MapFeature], view: View, pins: Sequence[XY]) -> Iterator[str]:
    """Render names of roads along their longest visible piece with room.

    Wide roads come first; names do not overlap and are not under a marker.
    """
    names = Names((view.width, view.height), free=[Box(x, y - 15, 24, 34) for x, y in pins])
    for road in reversed(roads):
        if not road.name or (road.properties.get("cls") == "street" and view.zoom_m > _CLOSE_M):
            continue
        spot = names.stand(road.name, _LABEL, _pieces(road, view))
        if spot:
            yield _label(*spot[0], spot[1], road.name)


def _label(x: float, y: float, angle: float, name: str) -> str:
    return (
        f'<text class="sm-label" x="{x:.1f}" y="{y:.1f}" transform="rotate({angle:.0f} {x:.1f} {y:.1f})"'
        f' fill="#4A5250" stroke="#FBFAF6" stroke-width="3" paint-order="stroke" font-size="{_LABEL}" text-anchor="middle"'
        f' dominant-baseline="central">{escape(name)}</text>'
    )


def _pieces(road: MapFeature, view: View) -> list[tuple[XY, float]]:
    """Return middle and slope of a road's visible pieces, longest first.

    The slope in degrees, clockwise.
    """
    found = []
    for line in road.lines:
        for (x1, y1), (x2, y2) in pairwise([view.place(point) for point in line]):
            middle = ((x1 + x2) / 2, (y1 + y2) / 2)
            if view.holds(middle):
                slope = math.degrees(math.atan2(y2 - y1, x2 - x1))
                found.append((math.hypot(x2 - x1, y2 - y1), middle, (slope + 90) % 180 - 90))
    return [(middle, slope) for _length, middle, slope in sorted(found, reverse=True)[:_PIECES]]


def _pin(place: XY) -> str:
    return (
        f'<g class="sm-pin" transform="translate({place[0]:.1f} {place[1]:.1f})"><path d="{_PIN}" fill="#B02A1E"'
        ' stroke="#FFFFFF" stroke-width="2"/><circle cy="-20" r="3.6" fill="#FFFFFF"/></g>'
    )
