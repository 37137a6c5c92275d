"""A map of the city with counts as SVG."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from markupsafe import Markup

from civicportal.util.geo.city_map import CityMap
from civicportal.util.geo.labels import XY, Names
from civicportal.util.geo.points import EARTH_RADIUS_M, Point
from civicportal.util.geo.raster import render_png
from civicportal.util.geo.static_map import View

SHADES = ("#DCEBE7", "#A9D0CB", "#6FB1AC", "#2F8A88", "#0B5B5C")
"""Shades of districts, from few to many; the same as ``--shade-0`` to ``--shade-4`` of the style sheet."""
_MARGIN = 1.04
_STEP = 1.5  # pixels: a picture of a whole city needs no finer lines
_MAJOR = ("primary", "ring")
_SMALLEST, _LARGEST = 9.0, 24.0
_DOT = 3.5
_NAME, _LARGE_NAME = 12, 22
"""Font sizes of district names: for a picture at full size, and at half size."""


def render_overview(
    city_map: CityMap,
    size: tuple[int, int],
    *,
    marks: Iterable[tuple[Point, int]] = (),
    shades: Mapping[str, int] | None = None,
    number: Callable[[int], str] = str,
) -> Markup:
    """Render the city with districts and numbers.

    :param size: width and height of the picture in pixels.
    :param marks: positions with numbers; a single one is a dot.
    :param shades: index of :data:`SHADES` by the name of a district.
    :param number: formats a number in the reader's language.
    :returns: an ``<svg>`` element, hidden from screen readers: the table beside it has the same data.
    """
    view = _whole(city_map, size)
    circles = _circles(view, list(marks))
    parts = [
        *_districts(city_map, view, shades or {}),
        *_lines(city_map, view),
        *_marks(circles, number),
        # A fixed element; format() escapes what is inserted.
        Markup('<g class="sm-names">{}</g>').format(_names(city_map, view, circles, _NAME)),
        Markup('<g class="sm-names-large" display="none">{}</g>').format(
            _names(city_map, view, circles, _LARGE_NAME)
        ),
    ]
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="static-map" viewBox="0 0 {w} {h}" aria-hidden="true"'
        ' focusable="false"><rect class="sm-land" width="{w}" height="{h}" fill="#EDEAE2"/>{body}</svg>'
    ).format(w=size[0], h=size[1], body=Markup("").join(parts))


def render_overview_png(
    city_map: CityMap, size: tuple[int, int], marks: Sequence[tuple[Point, int]]
) -> bytes:
    """Render the city with a dot for each position, the larger the larger its number, as a PNG without text."""
    view = _whole(city_map, size)
    most = max((n for _, n in marks), default=1)
    dots = [(point, _DOT + _LARGEST * math.sqrt(n / most)) for point, n in marks]
    return render_png(city_map, view.center, view.zoom_m, size, dots=dots, major=True)


def shade_of(n: int, most: int) -> int:
    """Return the shade of a number, of five."""
    return min(len(SHADES) - 1, n * len(SHADES) // (most + 1)) if most else 0


def shade_scale(most: int) -> list[tuple[int, int, int]]:
    """Return each used shade with its number range."""
    steps = len(SHADES)
    edges = [-(-shade * (most + 1) // steps) for shade in range(steps + 1)]
    return [
        (shade, edges[shade], edges[shade + 1] - 1)
        for shade in range(steps)
        if edges[shade] < edges[shade + 1]
    ]


def _whole(city_map: CityMap, size: tuple[int, int]) -> View:
    box, metres = city_map.bounds, math.radians(EARTH_RADIUS_M)
    wide = (box.east - box.west) * metres * math.cos(math.radians(box.center.lat))
    high = (box.north - box.south) * metres
    return View(box.center, max(wide, high * size[0] / size[1], 1.0) * _MARGIN, size)


def _districts(city_map: CityMap, view: View, shades: Mapping[str, int]) -> Iterator[Markup]:
    shape = Markup(
        '<path class="sm-shade{cls}" fill="{fill}" fill-rule="evenodd" stroke="#FFFFFF" stroke-width="1.5" d="{path}Z"/>'
    )
    for district in city_map.of_kind("district"):
        shade = shades.get(district.name)
        yield shape.format(
            cls="" if shade is None else f" sm-shade-{shade}",
            fill="#F3F0E8" if shade is None else SHADES[shade],
            path=view.path(district, _STEP),
        )
    border = Markup('<path class="sm-border" fill="none" stroke="#8C8A80" stroke-width="1.5" d="{path}Z"/>')
    for part in city_map.of_kind("boundary"):
        yield border.format(path=view.path(part, _STEP))


def _lines(city_map: CityMap, view: View) -> Iterator[Markup]:
    line = Markup('<path class="sm-line" fill="none" stroke="#FFFFFF" stroke-opacity=".7" d="{path}"/>')
    roads = [road for road in city_map.of_kind("road") if road.properties.get("cls") in _MAJOR]
    if roads:
        yield line.format(path="".join(view.path(road, _STEP) for road in roads))


def _circles(view: View, marks: list[tuple[Point, int]]) -> list[tuple[XY, float, int]]:
    """Return position, radius and number of each marker, largest last."""
    most = max((n for _, n in marks), default=1)
    return [
        (view.place(point), _DOT if n == 1 else _SMALLEST + (_LARGEST - _SMALLEST) * math.sqrt(n / most), n)
        for point, n in sorted(marks, key=lambda mark: mark[1])
    ]


def _marks(circles: list[tuple[XY, float, int]], number: Callable[[int], str]) -> Iterator[Markup]:
    dot = Markup('<circle class="sm-dot" cx="{x:.1f}" cy="{y:.1f}" r="{r}" fill="#B02A1E" stroke="#FFFFFF"/>')
    circle = Markup(
        '<g class="sm-cluster"><circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="#B02A1E" fill-opacity=".88"'
        ' stroke="#FFFFFF" stroke-width="1.5"/><text x="{x:.1f}" y="{y:.1f}" fill="#FFFFFF" font-size="10"'
        ' font-weight="700" text-anchor="middle" dominant-baseline="central">{n}</text></g>'
    )
    for (x, y), radius, n in circles:
        yield dot.format(x=x, y=y, r=radius) if n == 1 else circle.format(x=x, y=y, r=radius, n=number(n))


def _names(city_map: CityMap, view: View, circles: list[tuple[XY, float, int]], size: int) -> Markup:
    """Render the names of districts that have room, largest district first."""
    text = Markup(
        '<text class="sm-label" x="{x:.1f}" y="{y:.1f}" fill="#16211F" stroke="#FBFAF6" stroke-width="3"'
        ' paint-order="stroke" font-size="{size}" font-weight="700" text-anchor="middle"'
        ' dominant-baseline="central">{name}</text>'
    )
    names = Names((view.width, view.height), marks=[(place, radius) for place, radius, _n in circles])
    written = []
    for district in sorted(city_map.of_kind("district"), key=lambda one: -one.area):
        places = ((view.place(point), 0.0) for point in district.inner_points())
        spot = names.stand(district.name, size, places)
        if spot:
            written.append(text.format(x=spot[0][0], y=spot[0][1], size=size, name=district.name))
    return Markup("").join(written)
