"""Pictures of announcements for pages, and their additional size."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from civicportal.api.pictures import PictureFiles
from civicportal.api.plugins import Site
from civicportal.api.web import Request

MOST = 8
"""Maximum pictures of one announcement."""
SIDES = {"small": 400, "medium": 800}
"""The longer side of each additional size, px."""
SIZES = ("small", "medium", "large")
_FOCUS_STEP = 10


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture of an announcement.

    :ivar key: of its files.
    :ivar alt: alternative text.
    :ivar focus_x: focal point for cropping, percent from the left.
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
        """Return the CSS classes of the focal point."""
        return focus_classes(self.focus_x, self.focus_y)

    def url(self, request: Request, size: str) -> str:
        """Return the URL of one size."""
        return str(request.route_path("announcements.image", key=self.key, size=size))

    def srcset(self, request: Request) -> str:
        """Return the ``srcset`` of all sizes."""
        widths = {
            **{size: PictureFiles.scaled(self.width, self.height, side)[0] for size, side in SIDES.items()},
            "large": self.width,
        }
        return ", ".join(f"{self.url(request, size)} {width}w" for size, width in widths.items())


def focus_classes(x: int, y: int) -> str:
    """Return the two CSS classes of a focal point, rounded to tenths.

    There is a class for each tenth because inline styles are not allowed.
    """
    across, down = (round(value / _FOCUS_STEP) * _FOCUS_STEP for value in (x, y))
    return f"focus-x-{across} focus-y-{down}"


def store_sizes(site: Site, keys: Iterable[str]) -> None:
    """Store the medium size of each picture; a missing picture is ignored.

    Call it before any transaction.
    """
    files = PictureFiles(site)
    for key in keys:
        files.put_size(key, "medium", SIDES["medium"])


def moved(keys: Sequence[str], key: str, way: str) -> list[str]:
    """Return the keys with one moved or removed."""
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
