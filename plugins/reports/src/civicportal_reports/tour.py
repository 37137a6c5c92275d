"""The order in which places are driven to."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from civicportal.api.geo import Point

BEGINNINGS = 4
"""Number of first stops that are tried."""
MOVED = 3
"""Maximum number of stops that are moved together."""
SHORTER = 1e-6
"""Metres; less is rounding, by which two ways could follow each other for ever."""
Metres = Sequence[Sequence[float]]


def driving_order(points: Sequence[Point], start: Point | None = None) -> list[int]:
    """Return the indices of the points in the order of a short way, which does not return to its beginning.

    From each of a few first stops the way goes to the nearest neighbour of each stop, and is shortened by turning
    stretches round (2-opt) and by moving up to three stops (Or-opt); the shortest of these ways is taken.

    :param start: where the way begins; by default at the first point.
    """
    places = [*points] if start is None else [start, *points]
    if len(places) < 2:
        return [*range(len(points))]
    # The last place is as near to every other one: a way ends there without a distance.
    metres = [[*(one.distance_to(other) for other in places), 0.0] for one in places]
    metres.append([0.0] * len(metres[0]))
    firsts = sorted(range(1, len(places)), key=lambda index: (metres[0][index], index))[:BEGINNINGS]
    ways = [_shortened(_nearest_first(first, metres), metres) for first in firsts]
    way = min(ways, key=lambda way: sum(metres[one][other] for one, other in pairwise(way)))[:-1]
    return way if start is None else [index - 1 for index in way[1:]]


def _nearest_first(first: int, metres: Metres) -> list[int]:
    end = len(metres) - 1
    way, left = [0, first], {*range(1, end)} - {first}
    while left:
        nearest = min(left, key=lambda index: (metres[way[-1]][index], index))
        left.remove(nearest)
        way.append(nearest)
    return [*way, end]


def _shortened(way: list[int], metres: Metres) -> list[int]:
    while (shorter := next(_shorter(way, metres), None)) is not None:
        way = shorter
    return way


def _shorter(way: list[int], metres: Metres) -> Iterator[list[int]]:
    """Yield shorter ways with one stretch turned round or moved; beginning and end stay."""
    for first in range(1, len(way) - 1):
        for last in range(first, len(way) - 1):
            before, head, tail, after = way[first - 1], way[first], way[last], way[last + 1]
            ends = metres[before][head] + metres[tail][after]
            if metres[before][tail] + metres[head][after] < ends - SHORTER:
                yield way[:first] + way[first : last + 1][::-1] + way[last + 1 :]
            if last - first >= MOVED:
                continue
            stretch, rest = way[first : last + 1], way[:first] + way[last + 1 :]
            saved = ends - metres[before][after] - SHORTER
            for at, (one, other) in enumerate(pairwise(rest), 1):
                there = saved + metres[one][other]
                if metres[one][head] + metres[tail][other] < there:
                    yield rest[:at] + stretch + rest[at:]
                if metres[one][tail] + metres[head][other] < there:
                    yield rest[:at] + stretch[::-1] + rest[at:]
