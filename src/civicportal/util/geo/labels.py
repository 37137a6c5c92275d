"""Placement of labels in a drawn map, without overlaps and beside markers if possible."""

import math
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

XY = tuple[float, float]

_LETTER = 0.62
"""Width of a letter relative to the font size: few words of any font are wider on average."""
_LINE = 1.4
"""Height of a line relative to the font size, including the halo."""
_HALO = 3.0
_CORE = 0.5
"""The share of a marker that its number covers."""


def width_of(text: str, size: float) -> float:
    """Estimate the width of a text in pixels.

    Vowel signs and joiners have no width.
    """
    return size * _LETTER * sum(unicodedata.category(letter) not in ("Mn", "Cf") for letter in text)


@dataclass(frozen=True)
class Box:
    """A rectangle around its centre, rotated by an angle in degrees."""

    x: float
    y: float
    width: float
    height: float
    angle: float = 0.0

    @property
    def radius(self) -> float:
        """Return the distance of its corners from its centre."""
        return math.hypot(self.width, self.height) / 2

    def half_extent(self, angle: float) -> float:
        """Return its extent from its centre in a direction."""
        turned = math.radians(angle - self.angle)
        return (self.width * abs(math.cos(turned)) + self.height * abs(math.sin(turned))) / 2

    def meets(self, other: "Box") -> bool:
        """Return whether two boxes overlap (separating axis theorem)."""
        across, down = other.x - self.x, other.y - self.y
        if math.hypot(across, down) >= self.radius + other.radius:
            return False
        return all(
            abs(across * math.cos(math.radians(angle)) + down * math.sin(math.radians(angle)))
            < self.half_extent(angle) + other.half_extent(angle)
            for angle in (self.angle, self.angle + 90, other.angle, other.angle + 90)
        )


class Names:
    """The labels of one picture; the first ones take precedence.

    :param size: width and height of the picture.
    :param marks: positions and radius of round markers; labels are placed beside them if possible, never on their
        number.
    :param free: areas without labels.
    """

    def __init__(
        self, size: tuple[int, int], *, marks: Iterable[tuple[XY, float]] = (), free: Iterable[Box] = ()
    ) -> None:
        self._size = size
        self._taken = list(free)
        self._marks = [Box(*place, 2 * radius, 2 * radius) for place, radius in marks]
        self._cores = [Box(one.x, one.y, one.width * _CORE, one.height * _CORE) for one in self._marks]

    def stand(self, text: str, size: float, places: Iterable[tuple[XY, float]]) -> tuple[XY, float] | None:
        """Reserve the first position with room for a text.

        Each has an angle; None if none has room.
        """
        spare: Box | None = None
        width, height = width_of(text, size) + _HALO, size * _LINE
        for at, angle in places:
            box = Box(*at, width, height, angle)
            if not self._holds(box) or any(map(box.meets, self._taken)):
                continue
            if not any(map(box.meets, self._marks)):
                return self._take(box)
            if spare is None and not any(map(box.meets, self._cores)):
                spare = box
        return self._take(spare) if spare else None

    def _holds(self, box: Box) -> bool:
        width, height = self._size
        across, down = box.half_extent(0), box.half_extent(90)
        return across <= box.x <= width - across and down <= box.y <= height - down

    def _take(self, box: Box) -> tuple[XY, float]:
        self._taken.append(box)
        return (box.x, box.y), box.angle
