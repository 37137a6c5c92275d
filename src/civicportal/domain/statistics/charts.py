"""Line charts as SVG coordinates computed on the server, without a script."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 240
"""Size of the drawing, in its own units."""
TOP, BOTTOM, SIDE = 14, 30, 52
"""Margins; both sides have room for the grid's numbers."""
AXIS = SIDE - 12
"""Position of the grid's numbers."""
LINES = 4
"""Number of grid lines above zero."""
MOST_LABELS = 8


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A line chart.

    :ivar series: the points (x, y) of each line.
    :ivar grid: height of each grid line, with its number.
    :ivar labels: position of each label below, with the index of its step; the newest step has one.
    :ivar axis: position of the grid's numbers, beside the oldest step.
    :ivar newest: their second position beside the newest: a phone shows that end first, without the axis.
    :ivar ends: of the grid lines.
    """

    series: tuple[tuple[tuple[float, float], ...], ...]
    grid: tuple[tuple[float, int], ...]
    labels: tuple[tuple[float, int], ...]
    axis: float
    newest: float
    ends: tuple[float, float]
    width: int = WIDTH
    height: int = HEIGHT

    def path(self, line: int) -> str:
        """Return a line as the ``points`` of an SVG polyline."""
        return " ".join(f"{x},{y}" for x, y in self.series[line])


def line_chart(series: Sequence[Sequence[int]], *, rtl: bool) -> Chart:
    """Draw lines over the same steps.

    :param rtl: time runs from right to left.
    """
    steps = len(series[0])
    top = highest(max((value for line in series for value in line), default=0))
    xs = [_x(index, steps, rtl) for index in range(steps)]
    grid = tuple((_y(top * line // LINES, top), top * line // LINES) for line in range(LINES + 1))
    every = -(-steps // MOST_LABELS)
    return Chart(
        series=tuple(
            tuple((x, _y(value, top)) for x, value in zip(xs, line, strict=True)) for line in series
        ),
        grid=grid,
        labels=tuple((xs[index], index) for index in reversed(range(steps - 1, -1, -every))),
        axis=WIDTH - AXIS if rtl else AXIS,
        newest=AXIS if rtl else WIDTH - AXIS,
        ends=(SIDE, WIDTH - SIDE),
    )


def highest(value: int) -> int:
    """Return a round number not below a value."""
    size = LINES
    while True:
        for factor in (1, 2, 5):
            if size * factor >= value:
                return size * factor
        size *= 10


def _x(index: int, steps: int, rtl: bool) -> float:
    room = WIDTH - 2 * SIDE
    x = SIDE + (room * index / (steps - 1) if steps > 1 else room / 2)
    return round(WIDTH - x if rtl else x, 1)


def _y(value: int, top: int) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 1)
