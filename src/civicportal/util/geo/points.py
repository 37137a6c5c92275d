"""Points, distances and boxes, in WGS 84 degrees and metres."""

import math
from dataclasses import dataclass
from typing import NamedTuple, Self

EARTH_RADIUS_M = 6_371_008.8  # mean radius of the WGS 84 ellipsoid


@dataclass(frozen=True, slots=True)
class Point:
    """A point in WGS 84 degrees, rounded to 6 decimals (about 10 centimetres).

    :raises ValueError: when a coordinate is not a number or out of range.
    """

    lat: float
    lon: float

    def __post_init__(self) -> None:
        if not (abs(self.lat) <= 90 and abs(self.lon) <= 180):
            raise ValueError(f"no place on the globe: latitude {self.lat}, longitude {self.lon}")
        object.__setattr__(self, "lat", round(self.lat, 6))
        object.__setattr__(self, "lon", round(self.lon, 6))

    def distance_to(self, other: "Point") -> float:
        """Return the distance to another point in metres (haversine)."""
        here, there = math.radians(self.lat), math.radians(other.lat)
        half_lat, half_lon = (there - here) / 2, math.radians(other.lon - self.lon) / 2
        square = math.sin(half_lat) ** 2 + math.cos(here) * math.cos(there) * math.sin(half_lon) ** 2
        return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, square)))


class Bounds(NamedTuple):
    """A box along the degrees, borders included."""

    south: float
    west: float
    north: float
    east: float

    @classmethod
    def around(cls, points: list[Point]) -> Self:
        """Return the smallest box that contains all points, of which there is at least one."""
        lats, lons = [p.lat for p in points], [p.lon for p in points]
        return cls(min(lats), min(lons), max(lats), max(lons))

    @classmethod
    def within(cls, point: Point, metres: float) -> Self:
        """Return a box around a point with a radius.

        The box ends at the poles and at the 180th meridian, where there are no cities.
        """
        angle = metres / EARTH_RADIUS_M
        lat_reach = math.degrees(angle)
        widest = math.cos(math.radians(point.lat))
        spread = math.sin(min(angle, math.pi / 2)) / widest if widest > 0 else math.inf
        lon_reach = math.degrees(math.asin(spread)) if spread < 1 else 360.0
        return cls(
            max(-90.0, point.lat - lat_reach),
            max(-180.0, point.lon - lon_reach),
            min(90.0, point.lat + lat_reach),
            min(180.0, point.lon + lon_reach),
        )

    @property
    def center(self) -> Point:
        return Point((self.south + self.north) / 2, (self.west + self.east) / 2)

    def contains(self, point: Point) -> bool:
        return self.south <= point.lat <= self.north and self.west <= point.lon <= self.east

    def meets(self, other: "Bounds") -> bool:
        """Return whether the two boxes intersect."""
        return (
            self.south <= other.north
            and other.south <= self.north
            and self.west <= other.east
            and other.west <= self.east
        )
