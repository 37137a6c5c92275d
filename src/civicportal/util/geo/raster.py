"""Drawings of the city's map as PNG, without text, for previews of links.

Nothing is decoded here: the pictures are drawn from the map's own numbers.
"""

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from civicportal.util.geo.city_map import CityMap, MapFeature
from civicportal.util.geo.labels import XY
from civicportal.util.geo.points import Point
from civicportal.util.geo.static_map import AREAS, LAND, ROADS, View

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

MARK = "#B02A1E"
_FINE = 2
"""Pixels drawn for one of the result, so that lines are smooth."""
_COLOURS = 64
_PIN = 34
"""Height of a pin in pixels of the result."""


def render_png(
    city_map: CityMap,
    center: Point,
    metres: float,
    size: tuple[int, int],
    *,
    pins: Sequence[Point] = (),
    dots: Iterable[tuple[Point, float]] = (),
    major: bool = False,
) -> bytes:
    """Render a part of the city.

    :param metres: width of the picture.
    :param size: width and height of the picture in pixels.
    :param dots: positions with their radius in pixels.
    :param major: draw main roads only.
    """
    # Loaded on first use: only few processes draw, and the library is large.
    from PIL import Image, ImageDraw

    fine = (size[0] * _FINE, size[1] * _FINE)
    view = View(center, metres, fine)
    image = Image.new("RGB", fine, LAND)
    draw = ImageDraw.Draw(image)
    features = city_map.features_in(view.bounds)
    for feature in features:
        if feature.kind in AREAS:
            _area(draw, feature, view)
    _districts(draw, features, view)
    _roads(draw, features, view, major)
    for point, radius in dots:
        _circle(draw, view.place(point), radius * _FINE)
    for point in pins:
        _pin(draw, view.place(point))
    out = io.BytesIO()
    image.reduce(_FINE).quantize(_COLOURS).save(out, "PNG", optimize=True)
    return out.getvalue()


def _lines(feature: MapFeature, view: View) -> list[list[XY]]:
    return [[view.place(point) for point in line] for line in feature.lines]


def _area(draw: "ImageDraw", feature: MapFeature, view: View) -> None:
    for ring in _lines(feature, view):
        if len(ring) > 2:
            draw.polygon(ring, fill=AREAS[feature.kind])


def _districts(draw: "ImageDraw", features: Sequence[MapFeature], view: View) -> None:
    for feature in features:
        if feature.kind in ("district", "boundary"):
            for ring in _lines(feature, view):
                draw.line(ring, fill="#B9B5A8", width=2 * _FINE)


def _roads(draw: "ImageDraw", features: Sequence[MapFeature], view: View, major: bool) -> None:
    roads = [
        (*ROADS.get(str(road.properties.get("cls", "street")), ROADS["street"]), _lines(road, view))
        for road in features
        if road.kind == "road" and (not major or road.properties.get("cls") in ("primary", "ring"))
    ]
    for _colour, metres, lines in roads:
        for line in lines:
            draw.line(line, fill="#D8D2C4", width=_width(metres, view) + 2 * _FINE, joint="curve")
    for colour, metres, lines in roads:
        for line in lines:
            draw.line(line, fill=colour, width=_width(metres, view), joint="curve")


def _width(metres: float, view: View) -> int:
    return max(_FINE, round(metres * view.pixels_per_metre))


def _circle(draw: "ImageDraw", place: XY, radius: float, fill: str = MARK) -> None:
    x, y = place
    draw.ellipse(
        (x - radius, y - radius, x + radius, y + radius), fill=fill, outline="#FFFFFF", width=2 * _FINE
    )


def _pin(draw: "ImageDraw", place: XY) -> None:
    x, y = place
    high, half = _PIN * _FINE, _PIN * _FINE * 0.36
    head = y - high + half
    for grown, colour in ((2.0 * _FINE, "#FFFFFF"), (0.0, MARK)):
        wide = half + grown
        draw.ellipse((x - wide, head - wide, x + wide, head + wide), fill=colour)
        draw.polygon(
            [(x - wide * 0.92, head + wide * 0.4), (x + wide * 0.92, head + wide * 0.4), (x, y + grown)],
            fill=colour,
        )
    _circle(draw, (x, head), half * 0.36, "#FFFFFF")
