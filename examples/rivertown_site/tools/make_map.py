"""Make the map of the fictional city: ``python tools/make_map.py`` writes ``static/city.geojson``.

A plain grid of streets beside a river, in the middle of an ocean. Lengths are metres from Harbour Square, x to the
east.
"""

import json
from pathlib import Path
from typing import Any

XY = tuple[float, float]

TARGET = Path(__file__).parent.parent / "src/rivertown_site/static/city.geojson"
LATITUDE, LONGITUDE = 45.0, -30.0
METRES_PER_DEGREE = (78_850.0, 111_130.0)  # of longitude and of latitude, at this place
HALF = 1500.0
SPACE = 300.0
RIVER = (-980.0, -760.0)
"""Between these rows nothing is built; two streets have a bridge."""
BRIDGES = {0.0, 900.0}
WEST_EAST = ["River Walk", "Quay Street", "Market Street", "Church Street", "King Street", "Hill Road"]
SOUTH_NORTH = ["West Street", "Mill Lane", "Station Street", "Bridge Street", "Orchard Avenue", "East Street"]
DISTRICTS = {"Southbank": (-HALF, RIVER[1]), "Harbour": (RIVER[1], 300.0), "Hillside": (300.0, HALF)}


def position(point: XY) -> list[float]:
    """Return longitude and latitude of a point; five decimals are about a metre."""
    x, y = point
    return [
        round(LONGITUDE + x / METRES_PER_DEGREE[0], 5),
        round(LATITUDE + y / METRES_PER_DEGREE[1], 5),
    ]


def feature(kind: str, points: list[XY], **properties: object) -> dict[str, Any]:
    """Return an area, or for a road a line."""
    line: list[Any] = [position(point) for point in points]
    shape = "LineString" if kind == "road" else "Polygon"
    coordinates = line if kind == "road" else [[*line, line[0]]]
    return {
        "type": "Feature",
        "properties": {"kind": kind, **properties},
        "geometry": {"type": shape, "coordinates": coordinates},
    }


def box(west: float, south: float, east: float, north: float) -> list[XY]:
    return [(west, south), (east, south), (east, north), (west, north)]


def roads() -> list[dict[str, Any]]:
    """Return the streets, the main ones last, for what is drawn later lies above."""
    found = [
        feature("road", [(-1400, y), (1400, y)], name=name, cls="street")
        for name, y in zip(WEST_EAST, (-600.0, -300.0, 300.0, 600.0, 900.0, 1200.0), strict=True)
    ]
    for name, x in zip(SOUTH_NORTH, (-1200.0, -600.0, -300.0, 0.0, 600.0, 900.0), strict=True):
        south = -1350.0 if x in BRIDGES else RIVER[1] + 40
        found.append(feature("road", [(x, south), (x, 1350.0)], name=name, cls="secondary"))
    return [*found, feature("road", [(-1450, 0), (0, 0), (1450, 0)], name="Harbour Road", cls="primary")]


def main() -> None:
    features = [feature("boundary", box(-HALF, -HALF, HALF, HALF), name="Rivertown")]
    for number, (name, (south, north)) in enumerate(DISTRICTS.items(), 1):
        features.append(feature("district", box(-HALF, south, HALF, north), name=name, number=number))
    features.append(feature("water", box(-2600, RIVER[0], 2600, RIVER[1]), name="River Wend"))
    features.append(feature("park", box(-560, 340, -340, 560), name="Orchard Park"))
    features.append(feature("park", box(240, -1400, 800, -1060), name="Southbank Meadows"))
    features += roads()
    features.append(feature("square", box(-50, -50, 50, 50), name="Harbour Square"))
    city = {"type": "FeatureCollection", "features": features}
    TARGET.write_text(json.dumps(city, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main()
