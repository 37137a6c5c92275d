"""Pictures of announcements as pages show them, and their further size."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from civicportal.api import FileMissing, Request, Site, scaled, store_variant

MOST = 8
"""Pictures of one announcement."""
SIDES = {"small": 400, "medium": 800}
"""The longer side of each further size, px."""
SIZES = ("small", "medium", "large")
_FOCUS_STEP = 10


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture of an announcement.

    :ivar key: of its files.
    :ivar alt: what it shows, for whoever does not see it.
    :ivar focus_x: what stays visible where it is cut, percent from the left.
    :ivar focus_y: percent from the top.
    :ivar width: of the large size, px.
    :ivar height: px.
    :ivar size: of its file, bytes.
    """

    key: str
    alt: str
    caption: str = ""
    focus_x: int = 50
    focus_y: int = 50
    width: int = 0
    height: int = 0
    size: int = 0

    @property
    def focus(self) -> str:
        """Return the classes that keep the focus visible."""
        return focus_classes(self.focus_x, self.focus_y)

    def url(self, request: Request, size: str) -> str:
        """Return the address of one size."""
        return str(request.route_path("announcements.image", key=self.key, size=size))

    def srcset(self, request: Request) -> str:
        """Return every size with its width, for the browser to choose."""
        widths = {
            **{size: scaled(self.width, self.height, side)[0] for size, side in SIDES.items()},
            "large": self.width,
        }
        return ", ".join(f"{self.url(request, size)} {width}w" for size, width in widths.items())


def focus_classes(x: int, y: int) -> str:
    """Return the two classes of a point, rounded to tenths of width and height: pages bear no style of their own."""
    across, down = (round(value / _FOCUS_STEP) * _FOCUS_STEP for value in (x, y))
    return f"focus-x-{across} focus-y-{down}"


def store_sizes(site: Site, keys: Iterable[str]) -> None:
    """Keep the size between small and large of each picture; before any transaction. A lost picture is left to others."""
    for key in keys:
        try:
            store_variant(site.storage, key, "medium", SIDES["medium"])
        except FileMissing:
            continue


def moved(keys: Sequence[str], key: str, way: str) -> list[str]:
    """Return the keys with one of them a place further "up" or "down", or taken out ("remove")."""
    order = list(keys)
    if key not in order:
        return order
    at = order.index(key)
    order.remove(key)
    if way == "up":
        order.insert(max(at - 1, 0), key)
    elif way == "down":
        order.insert(at + 1, key)
    return order
