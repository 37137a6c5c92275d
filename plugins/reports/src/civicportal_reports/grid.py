"""A global grid for counting points on a map.

A cell of level n is ``360 / 2**n`` degrees wide, like a web map tile, and eight tenths of that high, so that it
looks square in most cities. A cell contains four of the next level: halving its numbers gives the parent cell.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from civicportal.api.geo import Bounds, Point

FINEST = 22
"""Level of the smallest cells, about eight metres wide."""
MOST_CELLS = 2048
"""A box of more cells than this uses a coarser level."""
_HEIGHT = 0.8
_SLACK = 1e-7  # degrees: rounding must not lose a point on an edge


def rows_per_degree(level: int) -> float:
    """Return the number of rows per degree of latitude."""
    return float(2**level / (360 * _HEIGHT))


def columns_per_degree(level: int) -> float:
    """Return the number of columns per degree of longitude."""
    return float(2**level / 360)


class Cell(NamedTuple):
    """A cell of a level of the grid, counted from the south-western corner of the globe."""

    row: int
    column: int

    @classmethod
    def of(cls, point: Point, level: int) -> "Cell":
        """Return the cell that contains a point."""
        return cls(
            math.floor((point.lat + 90.0) * rows_per_degree(level)),
            math.floor((point.lon + 180.0) * columns_per_degree(level)),
        )

    def above(self, levels: int) -> "Cell":
        """Return the cell that contains this one, a number of levels above."""
        return Cell(self.row >> levels, self.column >> levels)

    def bounds(self, level: int) -> Bounds:
        """Return the bounds of the cell."""
        rows, columns = rows_per_degree(level), columns_per_degree(level)
        return Bounds(
            self.row / rows - 90,
            self.column / columns - 180,
            min(90.0, (self.row + 1) / rows - 90),
            min(180.0, (self.column + 1) / columns - 180),
        )


@dataclass(frozen=True, slots=True)
class GridBox:
    """A rectangle of cells, corners inclusive."""

    level: int
    first: Cell
    last: Cell

    @classmethod
    def around(cls, bounds: Bounds, level: int, most: int = MOST_CELLS) -> "GridBox":
        """Return the cells that a box intersects, of a coarser level if there would be more than ``most``."""
        while True:
            first = Cell.of(Point(bounds.south, bounds.west), level)
            last = Cell.of(Point(bounds.north, bounds.east), level)
            if level == 0 or (last.row - first.row + 1) * (last.column - first.column + 1) <= most:
                return cls(level, first, last)
            level -= 1

    @property
    def bounds(self) -> Bounds:
        """Return the bounds of the cells."""
        south, west, *_ = self.first.bounds(self.level)
        *_, north, east = self.last.bounds(self.level)
        return Bounds(south, west, north, east)

    @property
    def padded_bounds(self) -> Bounds:
        """Return a box around the cells.

        It contains every point of them, and few others.
        """
        south, west, north, east = self.bounds
        return Bounds(south - _SLACK, west - _SLACK, north + _SLACK, east + _SLACK)

    def holds(self, cell: Cell, level: int) -> bool:
        """Return whether a cell is within these."""
        row, column = cell.above(level - self.level)
        return self.first.row <= row <= self.last.row and self.first.column <= column <= self.last.column

    def at(self, level: int) -> "GridBox":
        """Return the same area in cells of a finer level."""
        finer = level - self.level
        last = Cell(((self.last.row + 1) << finer) - 1, ((self.last.column + 1) << finer) - 1)
        return GridBox(level, Cell(self.first.row << finer, self.first.column << finer), last)

    def __iter__(self) -> Iterator[Cell]:
        for row in range(self.first.row, self.last.row + 1):
            for column in range(self.first.column, self.last.column + 1):
                yield Cell(row, column)
