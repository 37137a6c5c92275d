"""A locator map as inline SVG, drawn on the server: for print and for browsers without JavaScript.

Colours are presentation attributes, which a strict content security policy lets pass; a style sheet may replace
them by class.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from markupsafe import Markup, escape

from civicportal.geo.city_map import CityMap, MapFeature
from civicportal.geo.points import EARTH_RADIUS_M, Bounds, Point

XY = tuple[float, float]

_AREAS = {"water": "#AFD4DF", "park": "#CFE3C4"}
_ROADS = {
    "street": ("#FFFFFF", 8),
    "secondary": ("#FFFFFF", 13),
    "primary": ("#FFF3D6", 18),
    "ring": ("#FFF3D6", 22),
}
_CLOSE_M = 1500  # a picture of less ground than this names the side streets too
_LABEL_SPACE = (90.0, 22.0)  # pixels kept free around the middle of a label
_LABEL_MARGIN = 45.0
_PIN = "M0 0C-3-6-10-12-10-20A10 10 0 1 1 10-20C10-12 3-6 0 0Z"


def render_svg(
    city_map: CityMap, center: Point, zoom_m: float, points: Sequence[Point], size: tuple[int, int]
) -> Markup:
    """Draw the surroundings of a place with a pin on each point.

    :param zoom_m: metres of ground between the left and the right edge.
    :param size: width and height of the picture in pixels.
    :returns: an `<svg>` element, hidden from screen readers: the text beside it names the place.
    """
    view = View(center, zoom_m, size)
    parts = [*_areas(city_map, view), *_roads(city_map, view), *_labels(city_map, view)]
    parts += [_pin(view.place(point)) for point in points]
    width, height = size
    # All that stands in it are numbers, colours of this file and what `escape` has seen.
    return Markup(  # noqa: S704
        f'<svg xmlns="http://www.w3.org/2000/svg" class="static-map" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" aria-hidden="true" focusable="false"><rect class="sm-land" width="{width}"'
        f' height="{height}" fill="#EDEAE2"/>{"".join(parts)}</svg>'
    )


class View:
    """Turns places on the globe into pixels of the picture."""

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

    def holds(self, place: XY, margin: float) -> bool:
        """Whether a place lies in the picture, `margin` pixels or more from its edge."""
        return margin < place[0] < self.width - margin and margin < place[1] < self.height - margin

    def path(self, feature: MapFeature, step: float = 0) -> str:
        """The feature's lines in the language of SVG paths.

        :param step: places nearer than so many pixels to the one before are left out.
        """
        lines = (_thinned([self.place(point) for point in line], step) for line in feature.lines)
        return "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in line) for line in lines)


def _thinned(line: list[XY], step: float) -> list[XY]:
    kept = line[:1]
    for place in line[1:-1]:
        if math.dist(place, kept[-1]) >= step:
            kept.append(place)
    return kept + line[1:][-1:]


def _visible(city_map: CityMap, view: View, kind: str) -> list[MapFeature]:
    return [feature for feature in city_map.of_kind(kind) if feature.bounds.meets(view.bounds)]


def _areas(city_map: CityMap, view: View) -> Iterator[str]:
    for feature in city_map.features:
        if feature.kind in _AREAS and feature.bounds.meets(view.bounds):
            yield f'<path class="sm-{feature.kind}" fill="{_AREAS[feature.kind]}" d="{view.path(feature)}Z"/>'
    for district in _visible(city_map, view, "district"):
        path = view.path(district)
        yield f'<path class="sm-district" fill="none" stroke="#8C8A80" stroke-dasharray="6 5" d="{path}Z"/>'


def _roads(city_map: CityMap, view: View) -> Iterator[str]:
    """First the casing of all roads, then their surface, so that crossings stay open."""
    roads = [
        (str(road.properties.get("cls", "street")), view.path(road))
        for road in _visible(city_map, view, "road")
    ]
    for kind, path in roads:
        _color, metres = _ROADS.get(kind, _ROADS["street"])
        yield _stroke("sm-casing", "#D8D2C4", max(1.0, metres * view.pixels_per_metre) + 1.6, path)
    for kind, path in roads:
        color, metres = _ROADS.get(kind, _ROADS["street"])
        yield _stroke(f"sm-road sm-{escape(kind)}", color, max(1.0, metres * view.pixels_per_metre), path)


def _stroke(classes: str, color: str, width: float, path: str) -> str:
    return (
        f'<path class="{classes}" fill="none" stroke="{color}" stroke-width="{width:.1f}" stroke-linecap="round"'
        f' stroke-linejoin="round" d="{path}"/>'
    )


def _labels(city_map: CityMap, view: View) -> Iterator[str]:
    """Names of roads along their longest visible piece, wide roads first, none over another."""
    taken: list[XY] = []
    for road in reversed(_visible(city_map, view, "road")):
        if road.properties.get("cls") == "street" and view.zoom_m > _CLOSE_M:
            continue
        spot = _label_spot(road, view)
        if spot is None or not road.name or any(_overlap(spot[0], other) for other in taken):
            continue
        taken.append(spot[0])
        yield _label(*spot[0], spot[1], road.name)


def _label(x: float, y: float, angle: float, name: str) -> str:
    return (
        f'<text class="sm-label" x="{x:.1f}" y="{y:.1f}" transform="rotate({angle:.0f} {x:.1f} {y:.1f})"'
        ' fill="#4A5250" stroke="#FBFAF6" stroke-width="3" paint-order="stroke" font-size="12" text-anchor="middle"'
        f' dominant-baseline="central">{escape(name)}</text>'
    )


def _label_spot(road: MapFeature, view: View) -> tuple[XY, float] | None:
    """Middle and slope (degrees, clockwise) of the road's longest piece with room for its name."""
    best: tuple[float, XY, float] | None = None
    for line in road.lines:
        places = [view.place(point) for point in line]
        for (x1, y1), (x2, y2) in pairwise(places):
            middle, length = ((x1 + x2) / 2, (y1 + y2) / 2), math.hypot(x2 - x1, y2 - y1)
            if view.holds(middle, _LABEL_MARGIN) and (best is None or length > best[0]):
                slope = math.degrees(math.atan2(y2 - y1, x2 - x1))
                best = length, middle, (slope + 90) % 180 - 90
    return (best[1], best[2]) if best else None


def _overlap(a: XY, b: XY) -> bool:
    return abs(a[0] - b[0]) < _LABEL_SPACE[0] and abs(a[1] - b[1]) < _LABEL_SPACE[1]


def _pin(place: XY) -> str:
    return (
        f'<g class="sm-pin" transform="translate({place[0]:.1f} {place[1]:.1f})"><path d="{_PIN}" fill="#B02A1E"'
        ' stroke="#FFFFFF" stroke-width="2"/><circle cy="-20" r="3.6" fill="#FFFFFF"/></g>'
    )
