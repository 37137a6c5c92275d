"""Grouping of cases so that no row of open data can be told from fewer than a few others.

A row is never published alone: cases with the same published subject, place, period, unit and channel form a *group* of
at least ``FEWEST``. What cannot form a group at a fine place is published with a coarser one. Decision 0094 gives the
reasons.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import floor
from secrets import SystemRandom
from typing import NamedTuple

from civicportal.domain.statistics.hiding import FEWEST
from civicportal.util.geo import Bounds, Point

CELLS_PER_DEGREE, AREAS_PER_DEGREE = 400, 100
"""A cell is 0.0025° wide and high, 278 m from south to north; an area is 0.01°, and contains 16 cells."""
PRECISIONS = ("cell", "area", "district", "city")
DAYS = (0, 3, 7, 14, 30, 90)
"""Maximum days of the bands of the duration; the last band has none."""
_shuffle = SystemRandom().shuffle


class Square(NamedTuple):
    """A cell or an area, counted from the equator and the meridian of Greenwich.

    :ivar per_degree: number in a degree.
    """

    row: int
    column: int
    per_degree: int

    @classmethod
    def of(cls, point: Point, per_degree: int) -> "Square":
        """Return the one that contains a point."""
        return cls(floor(point.lat * per_degree), floor(point.lon * per_degree), per_degree)

    @property
    def bounds(self) -> Bounds:
        """Return its bounds, rounded to what their size needs."""
        south, west, north, east = (
            round(line / self.per_degree, 4)
            for line in (self.row, self.column, self.row + 1, self.column + 1)
        )
        return Bounds(south, west, north, east)


class ShownPeriod(NamedTuple):
    """A period of registration, inclusive; None if it is not published."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A case to be released.

    :ivar point: None without a place on the map.
    :ivar days: position of its band in :data:`DAYS`.
    """

    case_id: int
    category_id: int
    root_id: int
    unit_id: int | None
    source: str
    month: ShownPeriod
    year: ShownPeriod
    district: str
    point: Point | None
    status: str
    stage: str
    days: int


class Shown(NamedTuple):
    """What is published of a case and could tell it from others; all cases of a group have the same."""

    precision: str
    district: str = ""
    square: Square | None = None
    period: ShownPeriod = ShownPeriod()
    category_id: int | None = None
    unit_id: int | None = None
    source: str = ""


Level = Callable[[Candidate], Shown | None]
"""Returns what a level of detail would publish of a case, None if the case has no such detail."""


def _with(place: Callable[[Candidate], Shown | None], *, unit: bool = False, source: bool = False) -> Level:
    def level(one: Candidate) -> Shown | None:
        shown = place(one)
        if shown is None:
            return None
        return shown._replace(
            period=one.month,
            category_id=one.category_id,
            unit_id=one.unit_id if unit else None,
            source=one.source if source else "",
        )

    return level


def _cell(one: Candidate) -> Shown | None:
    return Shown("cell", one.district, Square.of(one.point, CELLS_PER_DEGREE)) if one.point else None


def _area(one: Candidate) -> Shown | None:
    return Shown("area", one.district, Square.of(one.point, AREAS_PER_DEGREE)) if one.point else None


def _district(one: Candidate) -> Shown | None:
    return Shown("district", one.district) if one.district else None


def _district_of_root(one: Candidate) -> Shown | None:
    return Shown("district", one.district, None, one.month, one.root_id) if one.district else None


MONTHLY: tuple[Level, ...] = (
    *(
        _with(place, unit=unit, source=source)
        for place in (_cell, _area, _district)
        for unit, source in ((True, True), (True, False), (False, False))
    ),
    _district_of_root,
    lambda one: Shown("city", period=one.month, category_id=one.root_id, unit_id=one.unit_id),
    lambda one: Shown("city", period=one.month, category_id=one.root_id),
)
"""Levels of detail, finest first, for the cases that were registered in one month."""
YEARLY: tuple[Level, ...] = (lambda one: Shown("city", period=one.year, category_id=one.root_id),)
"""Levels for those of a year that remain."""
LAST: tuple[Level, ...] = (
    lambda one: Shown("city", period=one.year),
    lambda _one: Shown("city"),
)
"""Levels for those that remain of all years."""


class CaseGroup(NamedTuple):
    """Cases that are published together."""

    shown: Shown
    cases: Sequence[Candidate]


def group(cases: Iterable[Candidate], levels: Sequence[Level]) -> tuple[list[CaseGroup], list[Candidate]]:
    """Put cases into groups of :data:`FEWEST` or more, fewer than twice as many.

    Each level groups what the finer ones have left. Which of the cases with the same details are together in a group is
    random, so that a group tells nothing about the order of its cases.

    :returns: the groups, and the cases that remain.
    """
    found: list[CaseGroup] = []
    remaining = list(cases)
    for level in levels:
        classes: dict[Shown, list[Candidate]] = defaultdict(list)
        others: list[Candidate] = []
        for case in remaining:
            shown = level(case)
            (others if shown is None else classes[shown]).append(case)
        remaining = others
        for shown, members in classes.items():
            if len(members) < FEWEST:
                remaining += members
            else:
                found += [CaseGroup(shown, part) for part in _parts(members)]
    found.sort(key=lambda one: _order(one.shown))
    return found, remaining


def _parts(members: list[Candidate]) -> list[list[Candidate]]:
    _shuffle(members)
    number = len(members) // FEWEST
    return [members[index::number] for index in range(number)]


def _order(shown: Shown) -> tuple[object, ...]:
    return (
        PRECISIONS.index(shown.precision),
        shown.district,
        shown.square or (),
        shown.category_id or 0,
        shown.unit_id or 0,
        shown.source,
    )


def band(days: int) -> int:
    """Return the position of the band of a duration in days."""
    return next((index for index, most in enumerate(DAYS) if days <= most), len(DAYS))


def band_name(position: int) -> str:
    """Return a band as it is published: ``0``, ``1-3`` … ``91+``."""
    if position == 0:
        return "0"
    if position == len(DAYS):
        return f"{DAYS[-1] + 1}+"
    return f"{DAYS[position - 1] + 1}-{DAYS[position]}"
