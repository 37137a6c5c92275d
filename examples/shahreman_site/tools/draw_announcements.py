"""Paint pictures of the demo's announcements: ``python -m tools.draw_announcements`` beside this folder.

Flat shapes on a ground of eight-pointed stars, painted four times as large and then reduced.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from PIL import Image, ImageDraw

TARGET = Path(__file__).parent.parent / "src/shahreman_site/data/demo/photos"
WIDTH, HEIGHT, ZOOM, STEP = 960, 540, 4, 120
XY = tuple[float, float]
Color = tuple[int, int, int] | str


def star(cx: float, cy: float, outer: float, inner: float = 0.765) -> list[XY]:
    """The outline of an eight-pointed star."""
    turns = ((corner, corner * math.tau / 16) for corner in range(16))
    radii = ((outer * (inner if corner % 2 else 1), turn) for corner, turn in turns)
    return [(cx + radius * math.cos(turn), cy + radius * math.sin(turn)) for radius, turn in radii]


class Sheet:
    """A picture in the making, on a patterned ground."""

    def __init__(self, ground: str, pattern: str) -> None:
        self.image = Image.new("RGB", (WIDTH * ZOOM, HEIGHT * ZOOM), ground)
        self.draw = ImageDraw.Draw(self.image)
        ink = Image.blend(Image.new("RGB", (1, 1), ground), Image.new("RGB", (1, 1), pattern), 0.25)
        color = cast("Color", ink.getpixel((0, 0)))
        for x in range(STEP // 2, WIDTH, STEP):
            for y in range(-STEP // 4, HEIGHT + STEP, STEP):
                for radius in (60, 27):
                    self.outline(star(x, y, radius), color)
                self.outline(star(x - 60, y - 60, 25), color)

    def outline(self, points: Sequence[XY], color: Color) -> None:
        self.draw.line(_large([*points, points[0]]), fill=color, width=6, joint="curve")

    def shape(self, points: Sequence[XY], color: Color) -> None:
        self.draw.polygon(_large(points), fill=color)

    def box(self, x: float, y: float, width: float, height: float, color: Color, round_: float = 0) -> None:
        corners = _large([(x, y), (x + width, y + height)])
        self.draw.rounded_rectangle(corners, round_ * ZOOM, fill=color)

    def disc(self, cx: float, cy: float, radius: float, color: Color) -> None:
        self.draw.ellipse(_large([(cx - radius, cy - radius), (cx + radius, cy + radius)]), fill=color)

    def drop(self, cx: float, cy: float, radius: float, color: Color) -> None:
        """A drop of water with its point up."""
        self.disc(cx, cy, radius, color)
        self.shape([(cx, cy - 2.1 * radius), (cx - 0.9 * radius, cy - 0.43 * radius),
                    (cx + 0.9 * radius, cy - 0.43 * radius)], color)  # fmt: skip


def water(sheet: Sheet) -> None:
    """A closed tap and its last drops."""
    sheet.box(470, 210, 330, 70, "#D9E2E4", 14)
    sheet.box(470, 210, 90, 130, "#D9E2E4", 14)
    sheet.box(458, 326, 114, 30, "#A9B8BC", 8)
    sheet.box(780, 176, 44, 138, "#A9B8BC", 10)
    sheet.box(640, 140, 36, 80, "#A9B8BC", 6)
    sheet.box(560, 112, 196, 42, "#E4572E", 20)
    sheet.drop(515, 430, 26, "#9ED3E6")
    sheet.drop(515, 508, 14, "#9ED3E6")


def meeting(sheet: Sheet) -> None:
    """Two people at a table under a star."""
    sheet.shape(star(660, 150, 84), "#E7B75A")
    sheet.shape(star(660, 150, 46), "#F5E9CF")
    for x, coat in ((510, "#0F7F80"), (810, "#C4572F")):
        sheet.disc(x, 250, 44, "#F0D3B4")
        sheet.box(x - 66, 306, 132, 134, coat, 60)
    sheet.box(400, 410, 520, 34, "#6B4A2C", 12)
    sheet.box(440, 440, 26, 100, "#57391F")
    sheet.box(854, 440, 26, 100, "#57391F")
    sheet.box(610, 378, 100, 34, "#FBF4E6", 4)


def bus(sheet: Sheet) -> None:
    """A bus on its line."""
    sheet.box(0, 452, WIDTH, 88, "#3B3A37")
    for x in range(30, WIDTH, 130):
        sheet.box(x, 492, 64, 8, "#F6E7C8", 4)
    sheet.box(390, 170, 470, 270, "#E7B75A", 34)
    sheet.box(390, 350, 470, 90, "#C98A2B", 20)
    for x in (420, 528, 636):
        sheet.box(x, 212, 92, 100, "#DCEFF2", 12)
    sheet.box(746, 212, 90, 210, "#DCEFF2", 12)
    for x in (490, 740):
        sheet.disc(x, 446, 46, "#22201E")
        sheet.disc(x, 446, 20, "#A9B8BC")


SCENES: dict[str, tuple[str, str, Callable[[Sheet], None]]] = {
    "ann_water": ("#1F5C86", "#CFE6F2", water),
    "ann_meeting": ("#4B3A78", "#E0D5F2", meeting),
    "ann_bus": ("#2B6A53", "#D6EBDD", bus),
}


def _large(points: Sequence[XY]) -> list[XY]:
    return [(x * ZOOM, y * ZOOM) for x, y in points]


def main() -> None:
    for name, (ground, pattern, scene) in SCENES.items():
        sheet = Sheet(ground, pattern)
        scene(sheet)
        small = sheet.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        small.save(TARGET / f"{name}.jpg", quality=74, optimize=True, progressive=True)


if __name__ == "__main__":
    main()
