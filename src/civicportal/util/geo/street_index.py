"""Search of the nearest named line, on a plane in metres."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

XY = tuple[float, float]
Cell = tuple[int, int]


class Segment(NamedTuple):
    """A straight piece of a named line."""

    name: str
    start: XY
    end: XY

    @property
    def length(self) -> float:
        return math.dist(self.start, self.end)


def distance_to_segment(place: XY, start: XY, end: XY) -> float:
    """Return the distance from a point to a segment."""
    along = (end[0] - start[0], end[1] - start[1])
    square = along[0] ** 2 + along[1] ** 2
    if square == 0:
        return math.dist(place, start)
    share = ((place[0] - start[0]) * along[0] + (place[1] - start[1]) * along[1]) / square
    share = min(1.0, max(0.0, share))
    return math.dist(place, (start[0] + share * along[0], start[1] + share * along[1]))


class StreetIndex:
    """Segments of streets in a grid.

    :param segments: the pieces, coordinates in metres.
    :param radius: the search radius in metres.
    """

    def __init__(self, segments: Iterable[Segment], radius: float) -> None:
        self.radius = radius
        self._cells: defaultdict[Cell, list[Segment]] = defaultdict(list)
        for segment in segments:
            for cell in self._cells_of((segment.start, segment.end)):
                self._cells[cell].append(segment)

    def nearest(self, place: XY) -> str | None:
        """Return the nearest street within the radius, of equally near ones the first in the alphabet."""
        best = min(self._distances(place), default=None)
        return best[1] if best and best[0] <= self.radius else None

    def _distances(self, place: XY) -> Iterator[tuple[float, str]]:
        column, row = self._cell(place)
        for x in (column - 1, column, column + 1):
            for y in (row - 1, row, row + 1):
                for name, start, end in self._cells.get((x, y), ()):
                    yield distance_to_segment(place, start, end), name

    def _cell(self, place: XY) -> Cell:
        return math.floor(place[0] / self.radius), math.floor(place[1] / self.radius)

    def _cells_of(self, places: Sequence[XY]) -> Iterator[Cell]:
        """Return all cells of the box around the points."""
        columns, rows = zip(*(self._cell(place) for place in places), strict=True)
        for column in range(min(columns), max(columns) + 1):
            for row in range(min(rows), max(rows) + 1):
                yield column, row
