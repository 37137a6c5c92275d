"""Where names stand in a drawn picture: none over another, and beside marks where there is room for that."""

import math
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

XY = tuple[float, float]

_LETTER = 0.62
"""Width of a letter by the size of the type: few words of any font are wider on average."""
_LINE = 1.4
"""Height of a line by the size of the type, the halo included."""
_HALO = 3.0
_CORE = 0.5
"""The share of a mark that holds its number."""


def width_of(text: str, size: float) -> float:
    """Estimate how many pixels a text is wide: the server knows no fonts.

    Vowel signs and joiners take no room.
    """
    return size * _LETTER * sum(unicodedata.category(letter) not in ("Mn", "Cf") for letter in text)


@dataclass(frozen=True)
class Box:
    """A rectangle around its middle, turned by an angle in degrees."""

    x: float
    y: float
    width: float
    height: float
    angle: float = 0.0

    @property
    def radius(self) -> float:
        """Return how far its corners lie from its middle."""
        return math.hypot(self.width, self.height) / 2

    def reach(self, angle: float) -> float:
        """Return how far it reaches from its middle in a direction."""
        turned = math.radians(angle - self.angle)
        return (self.width * abs(math.cos(turned)) + self.height * abs(math.sin(turned))) / 2

    def meets(self, other: "Box") -> bool:
        """Return whether the two have anything in common: not so if a line between them can be drawn along a side of one."""
        across, down = other.x - self.x, other.y - self.y
        if math.hypot(across, down) >= self.radius + other.radius:
            return False
        return all(
            abs(across * math.cos(math.radians(angle)) + down * math.sin(math.radians(angle)))
            < self.reach(angle) + other.reach(angle)
            for angle in (self.angle, self.angle + 90, other.angle, other.angle + 90)
        )


class Names:
    """The names of one picture; who comes first has the choice.

    :param size: width and height of the picture.
    :param marks: places and radius of round marks that a name rather stands beside than on; never on the number of one.
    :param free: what no name may stand on.
    """

    def __init__(
        self, size: tuple[int, int], *, marks: Iterable[tuple[XY, float]] = (), free: Iterable[Box] = ()
    ) -> None:
        self._size = size
        self._taken = list(free)
        self._marks = [Box(*place, 2 * radius, 2 * radius) for place, radius in marks]
        self._cores = [Box(one.x, one.y, one.width * _CORE, one.height * _CORE) for one in self._marks]

    def stand(self, text: str, size: float, places: Iterable[tuple[XY, float]]) -> tuple[XY, float] | None:
        """Take the first of some places, each with its angle, where a text has room; None where it has none."""
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
        across, down = box.reach(0), box.reach(90)
        return across <= box.x <= width - across and down <= box.y <= height - down

    def _take(self, box: Box) -> tuple[XY, float]:
        self._taken.append(box)
        return (box.x, box.y), box.angle
