"""The map of a city, read from GeoJSON (RFC 7946).

It returns district and street of a place without an external service.
"""

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Self

from civicportal.util import persian
from civicportal.util.errors import ConfigurationError
from civicportal.util.geo.box_index import BoxIndex
from civicportal.util.geo.points import EARTH_RADIUS_M, Bounds, Point
from civicportal.util.geo.street_index import XY, Segment, StreetIndex
from civicportal.util.values import Values

STREET_REACH_M = 150.0  # Maximum distance of the street that names a place.
_NO_WORD = re.compile(r"[^\w\s\u200c]+")
_DEPTH = {"Point": 0, "LineString": 1, "Polygon": 2, "MultiLineString": 2, "MultiPolygon": 3}


class InvalidMap(ConfigurationError):
    """The file is not a valid map of a city."""


@dataclass(frozen=True)
class MapFeature:
    """A feature of the map."""

    kind: str
    properties: Values
    lines: tuple[tuple[Point, ...], ...]

    @property
    def name(self) -> str:
        return str(self.properties.get("name", ""))

    @cached_property
    def bounds(self) -> Bounds:
        return Bounds.around([point for line in self.lines for point in line])

    @cached_property
    def area(self) -> float:
        """The area of its largest ring in square degrees, to compare features."""
        return (
            max(abs(sum(a.lon * b.lat - b.lon * a.lat for a, b in pairwise(ring))) for ring in self.lines) / 2
        )

    def inner_points(self, steps: int = 7) -> Iterator[Point]:
        """Points within an area from its middle outwards, computed lazily."""
        box, shares = self.bounds, [(number + 0.5) / steps for number in range(steps)]
        places = [
            (
                abs(x - 0.5) + abs(y - 0.5),
                box.south + y * (box.north - box.south),
                box.west + x * (box.east - box.west),
            )
            for x in shares
            for y in shares
        ]
        return (point for _far, lat, lon in sorted(places) if self.contains(point := Point(lat, lon)))

    def contains(self, point: Point) -> bool:
        """Return whether a polygon contains the point.

        Of two polygons with a common border exactly one contains a point of it: an edge is examined from south to north
        whatever its direction.
        """
        if not self.bounds.contains(point):
            return False
        inside = False
        for ring in self.lines:
            for start, end in pairwise(ring):
                low, high = (start, end) if start.lat < end.lat else (end, start)
                if low.lat <= point.lat < high.lat:
                    share = (point.lat - low.lat) / (high.lat - low.lat)
                    inside ^= point.lon < low.lon + share * (high.lon - low.lon)
        return inside


def _lines(geometry: Values) -> Iterator[tuple[Point, ...]]:
    """Return the lines, rings or position of a geometry."""
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind not in _DEPTH:
        raise InvalidMap(f"a geometry of type {kind!r} is not drawn; use one of {', '.join(_DEPTH)}")
    groups = [[coordinates]] if _DEPTH[kind] == 0 else [coordinates]
    for _ in range(_DEPTH[kind] - 1):
        groups = [part for group in groups for part in group]
    for group in groups:
        if not group:
            raise InvalidMap(f"a geometry of type {kind!r} has no place")
        yield tuple(Point(lat, lon) for lon, lat, *_ in group)


def map_files(folder: Path, table: Mapping[str, str]) -> tuple[Path, Path | None]:
    """Return the map files of ``[map]``.

    They are the map's, and that of the districts if any.

    :param folder: of the site's file.
    """
    return folder / table["geojson"], folder / table["districts"] if table["districts"] else None


def read_map(path: Path, districts: Path | None = None) -> Values:
    """Read the GeoJSON of a map.

    :param districts: a file whose areas replace the map's own districts, as survey offices publish
    them: every area is one, whatever its ``kind``.
    :raises InvalidMap: when a file cannot be read, or a district has no name.
    """
    found = _read(path)
    if districts is None:
        return found
    areas = [
        one for one in _features(_read(districts), districts) if one["geometry"]["type"].endswith("Polygon")
    ]
    if not areas or not all(str((one.get("properties") or {}).get("name", "")) for one in areas):
        raise InvalidMap(f"every area of {districts.name} is a district and needs a name")
    own = [one for one in _features(found, path) if (one.get("properties") or {}).get("kind") != "district"]
    named = [{**one, "properties": {**one["properties"], "kind": "district"}} for one in areas]
    return {**found, "features": own + named}


def _read(path: Path) -> Values:
    try:
        found: Values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as problem:
        raise InvalidMap(f"cannot read the map {path.name}: {problem}") from problem
    return found


def _features(collection: Values, path: Path) -> list[Values]:
    try:
        return [one for one in collection["features"] if one["geometry"]]
    except (KeyError, TypeError) as problem:
        raise InvalidMap(f"{path.name} is no collection of features: {problem!r}") from problem


class CityMap:
    """The city in its GeoJSON file.

    Features have `kind` (boundary, district, road, park …) and `name`. The city's limit is the feature of kind
    `boundary`; without one, the union of the districts.

    :param geojson: a FeatureCollection, coordinates as longitude, latitude.
    :raises InvalidMap: when it is invalid, or has neither a boundary nor a district.
    """

    def __init__(self, geojson: Values) -> None:
        try:
            self.features = [
                MapFeature(f["properties"]["kind"], f["properties"], tuple(_lines(f["geometry"])))
                for f in geojson["features"]
            ]
        except (KeyError, TypeError, ValueError) as problem:
            raise InvalidMap(f"this is no map of a city: {problem!r}") from problem
        self._districts = self.of_kind("district")
        self._limit = self.of_kind("boundary") or self._districts
        if not self._limit:
            raise InvalidMap("the map has neither a feature of kind 'boundary' nor one of kind 'district'")
        self.bounds = Bounds.around([point for f in self._limit for line in f.lines for point in line])
        self._pieces: defaultdict[str, list[Segment]] = defaultdict(list)
        for road in self.of_kind("road"):
            self._pieces[road.name].extend(self._segments(road))
        self._pieces.pop("", None)
        self._index = StreetIndex((s for pieces in self._pieces.values() for s in pieces), STREET_REACH_M)

    @classmethod
    def load(cls, path: Path, districts: Path | None = None) -> Self:
        """Read a map from a GeoJSON file; see :func:`read_map`.

        :raises InvalidMap: when a file cannot be read.
        """
        return cls(read_map(path, districts))

    def of_kind(self, kind: str) -> list[MapFeature]:
        return self._by_kind.get(kind, [])

    @cached_property
    def _by_kind(self) -> dict[str, list[MapFeature]]:
        found: dict[str, list[MapFeature]] = {}
        for feature in self.features:
            found.setdefault(feature.kind, []).append(feature)
        return found

    def features_in(self, box: Bounds) -> list[MapFeature]:
        """Return the features that a box may contain, in the file's order: those whose own boxes intersect it."""
        return self._boxes.meeting(box)

    @cached_property
    def _boxes(self) -> BoxIndex[MapFeature]:
        """Return the features by their boxes; a city has tens of thousands of streets, a drawing dozens."""
        return BoxIndex((feature, feature.bounds) for feature in self.features)

    @cached_property
    def center(self) -> Point:
        return self.bounds.center

    @property
    def districts(self) -> list[str]:
        """Names of the districts in the file's order."""
        return [district.name for district in self._districts]

    @cached_property
    def streets(self) -> list[str]:
        """Names of all named roads, sorted."""
        return sorted(self._pieces)

    @cached_property
    def _street_words(self) -> list[str]:
        """The streets as :meth:`streets_in` looks for them, in the same order."""
        return [f" {persian.key(street)} " for street in self.streets]

    def streets_in(self, text: str) -> list[str]:
        """Return the streets whose names a text contains, as whole words."""
        words = f" {persian.key(_NO_WORD.sub(' ', text))} "
        named = zip(self.streets, self._street_words, strict=True)
        return [street for street, as_words in named if as_words in words]

    def contains(self, point: Point) -> bool:
        """Return whether the point is within the city."""
        return any(part.contains(point) for part in self._limit)

    def district(self, point: Point) -> str | None:
        """Return the name of the district that contains the point."""
        return next((d.name for d in self._districts if d.contains(point)), None)

    def nearest_street(self, point: Point) -> str | None:
        """Return the name of the nearest named road within 150 metres."""
        return self._index.nearest(self._plane(point))

    def point_on_street(self, name: str, share: float) -> Point:
        """Return the point at a share of a street.

        `share` is from 0 to 1 of its length.

        :raises KeyError: when the map has no street of this name.
        """
        if name not in self._pieces:
            raise KeyError(name)
        rest = share * sum(piece.length for piece in self._pieces[name])
        for _, start, end in self._pieces[name]:
            length = math.dist(start, end)
            if rest <= length:
                break
            rest -= length
        part = min(1.0, rest / length) if length else 0.0
        return self._globe((start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1])))

    @cached_property
    def _metres_per_degree(self) -> XY:
        """Return the metres per degree of longitude and latitude.

        The city is treated as flat (error below 0.1 %).
        """
        meridian = math.radians(EARTH_RADIUS_M)
        return meridian * math.cos(math.radians(self.center.lat)), meridian

    def _plane(self, point: Point) -> XY:
        x, y = self._metres_per_degree
        return (point.lon - self.center.lon) * x, (point.lat - self.center.lat) * y

    def _globe(self, place: XY) -> Point:
        x, y = self._metres_per_degree
        return Point(self.center.lat + place[1] / y, self.center.lon + place[0] / x)

    def _segments(self, road: MapFeature) -> Iterator[Segment]:
        for line in road.lines:
            places = [self._plane(point) for point in line]
            yield from (Segment(road.name, a, b) for a, b in pairwise(places))
