"""Clusters and heat maps of many points, from counted cells."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from civicportal.api.geo import Bounds, Point
from civicportal_reports.grid import Cell

_MIDDLE = 0.34
"""Share of a cell, from its middle to each side, in which a cluster's marker is placed: markers never overlap."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Points shown as one marker.

    :ivar point: their approximate middle.
    :ivar bounds: their area.
    """

    n: int
    point: Point
    bounds: Bounds

    @staticmethod
    def of(counted: Iterable[tuple[Cell, int]], fine: int, level: int) -> "list[Cluster]":
        """Aggregate counted cells into the cells of a coarser level.

        :param fine: level of the counted cells.
        :param level: of the clusters, the same or a smaller number.
        :returns: largest first; their sum equals that of the cells.
        """
        gathered: defaultdict[Cell, list[tuple[Cell, int]]] = defaultdict(list)
        for cell, n in counted:
            if n:
                gathered[cell.above(fine - level)].append((cell, n))
        found = [_cluster(cell, level, parts, fine) for cell, parts in gathered.items()]
        return sorted(found, key=lambda cluster: (-cluster.n, cluster.point.lat, cluster.point.lon))


def _cluster(cell: Cell, level: int, parts: list[tuple[Cell, int]], fine: int) -> Cluster:
    total = sum(n for _, n in parts)
    boxes = [(part.bounds(fine), n) for part, n in parts]
    frame = cell.bounds(level)
    lat = sum((box.south + box.north) / 2 * n for box, n in boxes) / total
    lon = sum((box.west + box.east) / 2 * n for box, n in boxes) / total
    corners = [
        Point(*corner) for box, _ in boxes for corner in ((box.south, box.west), (box.north, box.east))
    ]
    return Cluster(
        n=total,
        point=Point(_inside(lat, frame.south, frame.north), _inside(lon, frame.west, frame.east)),
        bounds=Bounds.around(corners),
    )


def _inside(value: float, low: float, high: float) -> float:
    middle, radius = (low + high) / 2, (high - low) * _MIDDLE / 2
    return min(max(value, middle - radius), middle + radius)
