"""Parts of the city by which a list is filtered: what a name means, and the surroundings of a point."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, false, or_

from civicportal.api.geo import Bounds, CityMap, Point
from civicportal.api.localization import search_key
from civicportal_reports.models import Report

KINDS = ("road", "square", "park", "district", "label", "water")
"""Features of the map that people name, in the order of their importance."""
AROUND = 300.0
"""Metres around a square or a park."""
STREET_REACH = 200.0
"""Metres from a street up to which it may name a place, and more."""
FEWEST_LETTERS = 2
MOST_NAMES = 20
DIGITS = 4
"""Decimals of the point of an unpublished report: about ten metres."""
_NO_WORD = re.compile(r"[^\w\s\u200c]+")


@dataclass(frozen=True, kw_only=True)
class Area:
    """What a name means.

    :ivar streets: each with the box that contains it.
    :ivar boxes: surroundings of squares, parks and quarters.
    """

    streets: Sequence[tuple[str, Bounds]] = ()
    districts: Sequence[tuple[str, Bounds]] = ()
    boxes: Sequence[Bounds] = ()

    @property
    def is_empty(self) -> bool:
        """Return whether the map has no such name."""
        return not (self.streets or self.districts or self.boxes)

    @property
    def bounds(self) -> Bounds | None:
        """Return the box of all of it."""
        found = [*(box for _name, box in (*self.streets, *self.districts)), *self.boxes]
        return _box_of(found) if found else None

    @property
    def condition(self) -> ColumnElement[bool]:
        """Return the condition on ``Report``."""
        found = [and_(Report.street == name[:100], in_box(box)) for name, box in self.streets]
        if self.districts:
            found.append(Report.district.in_([name[:100] for name, _box in self.districts]))
        found += [in_box(box) for box in self.boxes]
        return or_(*found) if found else false()


def in_box(box: Bounds) -> ColumnElement[bool]:
    """Return the condition for the points of a box."""
    return and_(Report.lat.between(box.south, box.north), Report.lon.between(box.west, box.east))


def surroundings(point: Point, metres: float) -> Bounds:
    """Return a square around a point.

    Its edges lie between the rounded points of unpublished reports: moving it tells no more of them than the map.
    """
    return _between_points(Bounds.within(point, metres))


def named(city_map: CityMap | None, text: str) -> Area:
    """Return what the map knows by a name: the very name, else names that contain it or that an address contains."""
    wanted = _key(text)
    if city_map is None or len(wanted) < FEWEST_LETTERS:
        return Area()
    names = _names(city_map)
    words = f" {wanted} "
    found = (
        [wanted]
        if wanted in names
        else [key for key in names if wanted in key] or [key for key in names if f" {key} " in words]
    )
    return _area(kinds for key in found[:MOST_NAMES] for kinds in names[key].items())


def _area(found: Iterable[tuple[tuple[str, str], Bounds]]) -> Area:
    streets, districts, boxes = [], [], []
    for (kind, name), box in found:
        if kind == "road":
            streets.append((name, _wider(box, STREET_REACH)))
        elif kind == "district":
            districts.append((name, box))
        else:
            boxes.append(_between_points(_wider(box, AROUND)))
    return Area(streets=streets, districts=districts, boxes=boxes)


@lru_cache(4)
def _names(city_map: CityMap) -> dict[str, dict[tuple[str, str], Bounds]]:
    """Return the boxes of the named features by the key of their name, then by kind and name."""
    found: dict[str, dict[tuple[str, str], Bounds]] = {}
    for kind in KINDS:
        for feature in city_map.of_kind(kind):
            if key := _key(feature.name):
                boxes = found.setdefault(key, {})
                known = boxes.get((kind, feature.name))
                boxes[kind, feature.name] = _box_of([known, feature.bounds]) if known else feature.bounds
    return found


def _key(text: str) -> str:
    return " ".join(_NO_WORD.sub(" ", search_key(text)).split())


def _box_of(boxes: Sequence[Bounds]) -> Bounds:
    return Bounds.around(
        [corner for box in boxes for corner in (Point(box.south, box.west), Point(box.north, box.east))]
    )


def _wider(box: Bounds, metres: float) -> Bounds:
    first = Bounds.within(Point(box.south, box.west), metres)
    last = Bounds.within(Point(box.north, box.east), metres)
    return Bounds(first.south, first.west, last.north, last.east)


def _between_points(box: Bounds) -> Bounds:
    """Return the box with its edges between the rounded points of unpublished reports."""
    steps = 10**DIGITS
    return Bounds(*((math.floor(degrees * steps) + 0.5) / steps for degrees in box))
