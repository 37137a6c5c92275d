"""Make the map of the fictional city: ``python tools/make_city.py`` writes ``static/city.geojson``.

A street grid is bent by waves, cut by a river and bounded by an uneven ellipse. Everything follows from fixed
numbers, so the same file comes out everywhere. Lengths are metres from the town hall square, x to the east.
"""

import json
import math
import random
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

XY = tuple[float, float]
Feature = dict[str, Any]

HERE = Path(__file__).parent
TARGET = HERE.parent / "src/shahreman_site/static/city.geojson"
NAMES = tomllib.loads((HERE / "city_names.toml").read_text("utf-8"))

LATITUDE, LONGITUDE = 33.05, 52.20
METRES_PER_DEGREE = (93_250.0, 110_950.0)  # of longitude and of latitude, at this place
BLOCK = 176.0
TURN = 0.17  # the grid is turned against the north by this many radians
COLUMNS, ROWS = 19, 16
LONG_STREET = 500.0
# first column, first row, columns, rows of the blocks that are a park
PARKS = [
    (2, 3, 3, 3),
    (-9, 1, 2, 3),
    (7, -3, 2, 2),
    (-4, 7, 2, 2),
    (10, 5, 2, 3),
    (-13, -8, 3, 2),
    (4, -9, 3, 2),
    (-2, -2, 1, 1),
]
SQUARES = [(0, 0, 64), (6, 0, 44), (-6, 6, 44), (-6, 0, 38), (6, 6, 40)]  # column, row, radius
EXITS = [
    ((3400, 300), (6500, 900)),
    ((-3400, -200), (-6500, -700)),
    ((600, 2600), (1400, 5200)),
    ((-700, -2600), (-1200, -5200)),
]
PARK_OF_BLOCK = {
    (column + a, row + b): number
    for number, (column, row, width, height) in enumerate(PARKS)
    for a in range(width)
    for b in range(height)
}


def noise(i: float, j: float, k: float) -> float:
    """A fixed number in [0, 1) for each triple."""
    wave = math.sin(i * 127.1 + j * 311.7 + k * 74.7) * 43758.5453
    return wave - math.floor(wave)


def crossing(i: float, j: float) -> XY:
    """Where column i of the street grid meets row j."""
    x, y = i * BLOCK, j * BLOCK
    x += 70 * math.sin(y / 900) + 34 * math.sin(y / 410 + 1.3)
    y += 82 * math.sin(x / 1050 + 0.6) + 26 * math.sin(x / 380)
    if i % 3 and j % 3:
        x += (noise(i, j, 1) - 0.5) * 46
        y += (noise(i, j, 2) - 0.5) * 46
    return x * math.cos(TURN) - y * math.sin(TURN), x * math.sin(TURN) + y * math.cos(TURN)


def river(x: float) -> XY:
    """Middle of the river and half its width at x."""
    return -760 + 240 * math.sin(x / 1250 + 0.4) + 70 * math.sin(x / 480), 46 + 12 * math.sin(x / 700)


def edge(angle: float, scale: float = 1.0) -> XY:
    """The point of the built-up area's edge, seen from the middle at an angle in radians."""
    bulge = 1 + 0.08 * math.sin(angle * 3 + 1) + 0.05 * math.sin(angle * 7)
    reach = scale * math.sqrt(bulge / ((math.cos(angle) / 3300) ** 2 + (math.sin(angle) / 2450) ** 2))
    return reach * math.cos(angle), reach * math.sin(angle)


def built_up(point: XY, scale: float = 1.0) -> bool:
    return math.hypot(*point) < math.hypot(*edge(math.atan2(point[1], point[0]), scale))


def position(point: XY) -> list[float]:
    """Longitude and latitude of a point; five decimals are about a metre."""
    longitude = LONGITUDE + point[0] / METRES_PER_DEGREE[0]
    return [round(longitude, 5), round(LATITUDE + point[1] / METRES_PER_DEGREE[1], 5)]


def feature(kind: str, points: list[XY], **properties: object) -> Feature:
    """A polygon, or for a road a line."""
    coordinates: list[Any] = [position(point) for point in points]
    shape = "LineString" if kind == "road" else "Polygon"
    if shape == "Polygon":
        coordinates = [[*coordinates, coordinates[0]]]
    return {
        "type": "Feature",
        "properties": {"kind": kind, **properties},
        "geometry": {"type": shape, "coordinates": coordinates},
    }


def road_class(line: int) -> str:
    return "primary" if line % 6 == 0 else "secondary" if line % 3 == 0 else "street"


def segment_exists(start: tuple[int, int], end: tuple[int, int], cls: str) -> bool:
    """Whether a road of this class runs between two crossings."""
    p, q = crossing(*start), crossing(*end)
    middle = ((p[0] + q[0]) / 2, (p[1] + q[1]) / 2)
    if not built_up(middle):
        return False
    centre, half_width = river(middle[0])
    if cls != "primary" and abs(middle[1] - centre) < half_width + 62:
        return False  # only primary roads have a bridge
    if cls != "street":
        return True
    i, j = start
    beside = (i - 1, j) if i == end[0] else (i, j - 1)
    inside_park = (i, j) in PARK_OF_BLOCK and PARK_OF_BLOCK[i, j] == PARK_OF_BLOCK.get(beside)
    return not inside_park and noise(i, j, end[0] * 3 + end[1]) >= 0.2


def pieces(line: int, *, to_north: bool) -> Iterator[list[XY]]:
    """The unbroken pieces of one line of the grid."""
    cls = road_class(line)
    reach = ROWS if to_north else COLUMNS
    piece: list[XY] = []
    for step in range(-reach, reach):
        start, end = ((line, step), (line, step + 1)) if to_north else ((step, line), (step + 1, line))
        if segment_exists(start, end, cls):
            piece = piece or [crossing(*start)]
            piece.append(crossing(*end))
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece


def side_street_names() -> tuple[Iterator[str], Iterator[str]]:
    """Endless names for long and for short side streets; a second round gets a point of the compass."""
    shuffle = random.Random(1405).shuffle

    def stream(prefix: str, names: list[str]) -> Iterator[str]:
        shuffle(names)
        yield from (f"{prefix} {name}" for name in names)
        for part in ("شمالی", "جنوبی", "شرقی", "غربی"):
            yield from (f"{prefix} {name} {part}" for name in names)

    return stream("خیابان", list(NAMES["streets"]["long"])), stream("کوچهٔ", list(NAMES["streets"]["short"]))


def roads() -> list[Feature]:
    """All roads, side streets first: what is drawn later lies above."""
    long_names, short_names = side_street_names()
    found: dict[str, list[Feature]] = {"street": [], "secondary": [], "primary": []}
    lines = [(i, True) for i in range(-COLUMNS, COLUMNS + 1)] + [(j, False) for j in range(-ROWS, ROWS + 1)]
    for line, to_north in lines:
        main = NAMES["south_north" if to_north else "west_east"].get(str(line))
        for piece in pieces(line, to_north=to_north):
            length = sum(math.dist(a, b) for a, b in pairwise(piece))
            name = main or next(long_names if length >= LONG_STREET else short_names)
            cls = road_class(line)
            found[cls].append(feature("road", piece, name=name, cls=cls))
    ring = [edge(step / 36 * math.pi, 1.045) for step in range(73)]
    outer = [feature("road", ring, name=NAMES["ring"], cls="ring")]
    outer += [
        feature("road", list(ends), name=name, cls="ring")
        for name, ends in zip(NAMES["exits"], EXITS, strict=True)
    ]
    return [*found["street"], *found["secondary"], *found["primary"], *outer]


def areas_of_water_and_green() -> list[Feature]:
    def band(start: int, stop: int, margin: float) -> list[XY]:
        xs = range(start, stop + 1, 90)
        upper = [(float(x), river(x)[0] + river(x)[1] + margin) for x in xs]
        lower = [(float(x), river(x)[0] - river(x)[1] - margin) for x in reversed(xs)]
        return upper + lower

    green = [feature("park", band(-2700, 2900, 48), name=NAMES["bank_park"])]
    for (i, j, width, height), name in zip(PARKS, NAMES["parks"], strict=True):
        outline = [crossing(i + a, j) for a in range(width)]
        outline += [crossing(i + width, j + b) for b in range(height)]
        outline += [crossing(i + a, j + height) for a in range(width, 0, -1)]
        outline += [crossing(i, j + b) for b in range(height, 0, -1)]
        x, y = (sum(axis) / len(outline) for axis in zip(*outline, strict=True))
        green.append(
            feature("park", [(x + (a - x) * 0.95, y + (b - y) * 0.95) for a, b in outline], name=name)
        )
    water = feature("water", band(-7000, 7000, 0), name=NAMES["river"])
    return [green[0], water, *green[1:]]


def squares() -> list[Feature]:
    found = []
    for (i, j, radius), name in zip(SQUARES, NAMES["squares"], strict=True):
        x, y = crossing(i, j)
        circle = [
            (x + radius * math.cos(t / 14 * math.pi), y + radius * math.sin(t / 14 * math.pi))
            for t in range(28)
        ]
        found.append(feature("square", circle, name=name))
    return found


def border(column_step: int, row_step: int) -> list[XY]:
    """A district border: a main road from the middle, out to the city limit."""
    line = [crossing(0, 0)]
    step = 1
    while built_up(crossing(column_step * step, row_step * step)):
        line.append(crossing(column_step * step, row_step * step))
        step += 1
    x, y = crossing(column_step * step, row_step * step)
    line.append(edge(math.atan2(y, x), 1.12))
    return line


def limits() -> list[Feature]:
    """The city limit and the districts, which share all their corners, so that no gap is between them."""
    borders = [border(1, 0), border(0, 1), border(-1, 0), border(0, -1)]
    gates = [math.atan2(line[-1][1], line[-1][0]) % math.tau for line in borders]
    angles = sorted({*(step / 36 * math.pi for step in range(72)), *gates})
    districts = []
    for number, name in enumerate(NAMES["districts"]):
        start, end = gates[number], gates[(number + 1) % 4]
        arc = (
            [a for a in angles if start < a < end]
            if start < end
            else [*(a for a in angles if a > start), *(a for a in angles if a < end)]
        )
        outline = borders[number] + [edge(a, 1.12) for a in arc] + borders[(number + 1) % 4][:0:-1]
        districts.append(feature("district", outline, name=name, number=number + 1))
    boundary = feature("boundary", [edge(a, 1.12) for a in angles], name=NAMES["city"])
    return [boundary, *districts]


def main() -> None:
    features = [*limits(), *areas_of_water_and_green(), *roads(), *squares()]
    city = {"type": "FeatureCollection", "features": features}
    TARGET.write_text(json.dumps(city, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main()
