"""The visible part of a map in a URL."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from civicportal.api.geo import Bounds

DEEPEST = 18
"""Maximum zoom."""
CITY = 13
"""Default zoom of a response for the whole map."""


class InvalidView(Exception):
    """The URL has no valid part of a map."""


@dataclass(frozen=True, kw_only=True)
class MapView:
    """The visible part of a map.

    :ivar bounds: None for all of it.
    :ivar zoom: of web maps, an integer.
    """

    bounds: Bounds | None = None
    zoom: int = CITY

    @classmethod
    def around(cls, bounds: Bounds) -> "MapView":
        """Return the view of a box on a map about half as wide as a page."""
        return cls(bounds=bounds, zoom=max(_zoom_of(bounds) - 1, 0))

    @classmethod
    def of(cls, params: Mapping[str, str]) -> "MapView":
        """Parse ``bbox=west,south,east,north`` and ``zoom`` of a URL; coordinates are clipped to the globe.

        :raises InvalidView: for an invalid box or number.
        """
        bounds = _read_box(params["bbox"]) if params.get("bbox") else None
        if params.get("zoom"):
            return cls(bounds=bounds, zoom=min(max(math.floor(_number(params["zoom"])), 0), DEEPEST))
        return cls(bounds=bounds, zoom=_zoom_of(bounds) if bounds else CITY)


def _read_box(text: str) -> Bounds:
    parts = text.split(",")
    if len(parts) != 4:
        raise InvalidView(f"bbox={text!r}")
    west, south, east, north = (_number(part) for part in parts)
    if west >= east or south >= north:
        raise InvalidView(f"bbox={text!r}")
    return Bounds(_cut(south, 90), _cut(west, 180), _cut(north, 90), _cut(east, 180))


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise InvalidView(repr(text)) from None
    if not math.isfinite(value):
        raise InvalidView(repr(text))
    return value


def _cut(value: float, most: float) -> float:
    return min(max(value, -most), most)


def _zoom_of(bounds: Bounds) -> int:
    """Return the zoom of a box about a thousand pixels wide."""
    width = max(bounds.east - bounds.west, 1e-6)
    return min(max(math.floor(math.log2(360 * 4 / width)), 0), DEEPEST)
