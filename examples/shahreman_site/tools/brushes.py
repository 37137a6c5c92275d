"""Brushes for the pictures of the demo: rough shapes, shadows, light and grain. Same seed, same picture.

Coordinates and sizes are pixels of the finished picture; shapes are painted twice as large and then reduced.
"""

import io
import math
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

XY = tuple[float, float]
WIDTH, HEIGHT = 1200, 900
MOST_BYTES = 88_000
_ZOOM = 2
Stroke = Callable[[ImageDraw.ImageDraw, str | int], None]


def ellipse(cx: float, cy: float, rx: float, ry: float, corners: int = 60) -> list[XY]:
    """The outline of an ellipse."""
    turns = (step / corners * math.tau for step in range(corners))
    return [(cx + rx * math.cos(t), cy + ry * math.sin(t)) for t in turns]


def ground(u: float, v: float) -> XY:
    """A place on flat ground: u steps to the right, v >= 1 steps away from the viewer."""
    return 600 + u * 600 / v, 330 + 570 / v


class Canvas:
    """A picture in the making."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.image = Image.new("RGB", (WIDTH * _ZOOM, HEIGHT * _ZOOM))

    def gradient(self, top: float, bottom: float, upper: str, lower: str) -> None:
        """Fill the whole width between two heights, from one colour to another."""
        ramp = Image.linear_gradient("L").resize((WIDTH * _ZOOM, int((bottom - top) * _ZOOM)))
        below, above = Image.new("RGB", ramp.size, lower), Image.new("RGB", ramp.size, upper)
        self.image.paste(Image.composite(below, above, ramp), (0, int(top * _ZOOM)))

    def shape(self, points: Sequence[XY], color: str, rough: float = 0, opacity: float = 1) -> None:
        """Paint a polygon; `rough` is how far, in pixels, its edge wanders."""
        outline = self._roughen(points, rough) if rough else points
        self._paint(lambda draw, ink: draw.polygon(_large(outline), fill=ink), color, opacity)

    def box(self, x: float, y: float, width: float, height: float, color: str, opacity: float = 1) -> None:
        self.shape([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], color, opacity=opacity)

    def blob(
        self, cx: float, cy: float, rx: float, ry: float, color: str, rough: float = 0, opacity: float = 1
    ) -> None:
        self.shape(ellipse(cx, cy, rx, ry), color, rough, opacity)

    def line(self, points: Sequence[XY], color: str, width: float, opacity: float = 1) -> None:
        """A stroke with round joints and ends."""
        thick = max(1, round(width * _ZOOM))

        def stroke(draw: ImageDraw.ImageDraw, ink: str | int) -> None:
            draw.line(_large(points), fill=ink, width=thick, joint="curve")
            for x, y in _large([points[0], points[-1]]):
                draw.circle((x, y), thick / 2, fill=ink)

        self._paint(stroke, color, opacity)

    def crack(self, start: XY, angle: float, length: float, color: str = "#2c2b29") -> None:
        """A crack that wanders and forks."""
        x, y = start
        points = [start]
        for step in range(round(length / 14)):
            angle += self.random.uniform(-0.5, 0.5)
            x, y = x + 14 * math.cos(angle), y + 8 * math.sin(angle)
            points.append((x, y))
            if step % 7 == 5 and length > 80:
                self.crack((x, y), angle + self.random.choice((-0.9, 0.9)), length / 3, color)
        self.line(points, color, 2.4 if length > 80 else 1.5, 0.8)

    def scatter(
        self, area: tuple[float, float, float, float], count: int, colors: Sequence[str], size: XY
    ) -> None:
        """Small stones or leaves in an ellipse (cx, cy, rx, ry), larger towards the viewer."""
        cx, cy, rx, ry = area
        for _ in range(count):
            turn, far = self.random.uniform(0, math.tau), math.sqrt(self.random.random())
            x, y = cx + rx * far * math.cos(turn), cy + ry * far * math.sin(turn)
            radius = self.random.uniform(*size) * (0.7 + 0.3 * y / HEIGHT)
            outline = ellipse(x, y, radius, radius * self.random.uniform(0.5, 0.9), 9)
            self.shape(outline, self.random.choice(colors), radius / 4)

    def foliage(
        self, cx: float, cy: float, rx: float, ry: float, colors: Sequence[str], count: int = 420
    ) -> None:
        """A crown of leaves: `colors` from the shadow to the light, light from above."""
        for depth in range(count):
            turn, far = self.random.uniform(0, math.tau), math.sqrt(self.random.random())
            x, y = cx + rx * far * math.cos(turn), cy + ry * far * math.sin(turn)
            light = 0.55 * depth / count + 0.45 * (cy + ry - y) / (2 * ry) + self.random.uniform(-0.2, 0.15)
            shade = colors[min(len(colors) - 1, max(0, int(light * len(colors))))]
            radius = self.random.uniform(0.06, 0.13) * min(rx, ry) + 5
            self.shape(ellipse(x, y, radius, radius * 0.7, 12), shade, radius / 3)

    def shadow(self, points: Sequence[XY], opacity: float = 0.45, blur: float = 14) -> None:
        """A soft shadow of this outline."""
        mask = Image.new("L", self.image.size)
        ImageDraw.Draw(mask).polygon(_large(points), fill=round(255 * opacity))
        self.image.paste("#0c0d10", mask=mask.filter(ImageFilter.GaussianBlur(blur * _ZOOM)))

    def glow(self, cx: float, cy: float, radius: float, color: str, strength: float = 1) -> None:
        """Light that fades from a point outwards."""
        side = int(2 * radius * _ZOOM)
        fade = ImageChops.invert(Image.radial_gradient("L")).resize((side, side))
        fade = fade.point([round(strength * max(0, level - 75) ** 2 / 180**2 * 255) for level in range(256)])
        corner = (int((cx - radius) * _ZOOM), int((cy - radius) * _ZOOM))
        light = Image.new("RGB", self.image.size)
        light.paste(color, (*corner, corner[0] + side, corner[1] + side), fade)
        self.image = ImageChops.screen(self.image, light)

    def grain(self, cell: XY, strength: float, area: Iterable[XY] | None = None) -> None:
        """Uneven light and dark patches of about this size, inside a polygon or everywhere."""
        small = (math.ceil(WIDTH / cell[0]) + 1, math.ceil(HEIGHT / cell[1]) + 1)
        noise = Image.frombytes("L", small, self.random.randbytes(small[0] * small[1]))
        noise = noise.resize(self.image.size, Image.Resampling.BICUBIC)
        noise = noise.point([round(128 + (level - 128) * strength) for level in range(256)])
        mask = Image.new("L", self.image.size, 255 if area is None else 0)
        if area is not None:
            ImageDraw.Draw(mask).polygon(_large(list(area)), fill=255)
        self.image.paste(ImageChops.overlay(self.image, Image.merge("RGB", [noise] * 3)), mask=mask)

    def save(self, path: Path) -> None:
        """Reduce, darken the corners a little as a lens does, and write a JPEG that stays small."""
        picture = self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        corners = (
            Image.radial_gradient("L")
            .resize(picture.size)
            .point([min(70, level // 3) for level in range(256)])
        )
        picture.paste("#000000", mask=corners)
        for quality in range(84, 30, -3):
            buffer = io.BytesIO()
            picture.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True)
            if buffer.tell() <= MOST_BYTES:
                break
        path.write_bytes(buffer.getvalue())

    def _paint(self, draw: Stroke, color: str, opacity: float) -> None:
        if opacity == 1:
            draw(ImageDraw.Draw(self.image), color)
            return
        mask = Image.new("L", self.image.size)
        draw(ImageDraw.Draw(mask), round(255 * opacity))
        self.image.paste(color, mask=mask)

    def _roughen(self, points: Sequence[XY], rough: float) -> list[XY]:
        """Put wandering points between the corners."""
        outline: list[XY] = []
        for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
            pieces = max(1, round(math.dist((x1, y1), (x2, y2)) / max(6, rough)))
            for piece in range(pieces):
                share = piece / pieces
                x = x1 + (x2 - x1) * share + self.random.uniform(-rough, rough)
                outline.append((x, y1 + (y2 - y1) * share + self.random.uniform(-rough, rough)))
        return outline


def _large(points: Sequence[XY]) -> list[XY]:
    return [(x * _ZOOM, y * _ZOOM) for x, y in points]
