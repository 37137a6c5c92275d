"""Search of things by the boxes around them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from math import floor
from typing import Generic, TypeVar

from civicportal.util.geo.points import Bounds

Thing = TypeVar("Thing")
Cell = tuple[int, int]

_DEGREES = 0.01
"""Size of a cell, about a kilometre: a few times the drawing of a place."""
_MOST_CELLS = 64
"""Things in more cells are examined at each search: they are few, such as districts."""


class BoxIndex(Generic[Thing]):
    """Things in a grid of degrees.

    :param things: each with the box around it.
    """

    def __init__(self, things: Iterable[tuple[Thing, Bounds]]) -> None:
        self._things = list(things)
        self._wide: list[int] = []
        self._cells: defaultdict[Cell, list[int]] = defaultdict(list)
        for number, (_thing, box) in enumerate(self._things):
            if _number_of_cells(box) > _MOST_CELLS:
                self._wide.append(number)
                continue
            for cell in _cells(box):
                self._cells[cell].append(number)

    def meeting(self, box: Bounds) -> list[Thing]:
        """Return the things whose boxes intersect a box, in their original order."""
        near: Iterable[int] = range(len(self._things))
        if _number_of_cells(box) <= len(self._things):
            near = sorted({*self._wide, *(n for cell in _cells(box) for n in self._cells.get(cell, ()))})
        return [self._things[number][0] for number in near if self._things[number][1].meets(box)]


def _edges(box: Bounds) -> tuple[int, int, int, int]:
    south, west, north, east = (floor(degrees / _DEGREES) for degrees in box)
    return south, west, north, east


def _number_of_cells(box: Bounds) -> int:
    south, west, north, east = _edges(box)
    return max(0, north - south + 1) * max(0, east - west + 1)


def _cells(box: Bounds) -> Iterator[Cell]:
    south, west, north, east = _edges(box)
    return ((row, column) for row in range(south, north + 1) for column in range(west, east + 1))
