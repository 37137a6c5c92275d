"""Paint the pictures of the demo: ``python tools/draw_photos.py`` writes ``data/demo/photos/*.jpg``."""

from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

TARGET = Path(__file__).parent.parent / "src/rivertown_site/data/demo/photos"
SIZE = (960, 720)
ASPHALT, SKY, NIGHT, PAPER = "#6d7175", "#b9d3e8", "#1d2738", "#f4f1e6"


def pothole(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 0, 960, 720), fill=ASPHALT)
    draw.rectangle((440, 0, 470, 720), fill="#d8d8cf")
    draw.ellipse((520, 330, 860, 560), fill="#3b3d40")
    draw.ellipse((570, 370, 820, 530), fill="#54717f")


def lamp(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 0, 960, 720), fill=NIGHT)
    draw.rectangle((0, 560, 960, 720), fill="#2b2f36")
    for x in (200, 500, 800):
        draw.rectangle((x, 180, x + 14, 600), fill="#4d5665")
        draw.ellipse((x - 40, 150, x + 54, 200), fill="#39414f")


def bin_(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 0, 960, 720), fill=SKY)
    draw.rectangle((0, 520, 960, 720), fill="#9b9b93")
    draw.polygon(((360, 260), (620, 260), (590, 620), (390, 620)), fill="#2f6b46")
    for x, y in ((330, 190), (450, 160), (560, 200), (280, 580), (640, 590)):
        draw.ellipse((x, y, x + 120, y + 100), fill="#25282c")


def road(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 0, 960, 300), fill=SKY)
    draw.rectangle((0, 300, 960, 720), fill="#8fa876")
    draw.polygon(((380, 300), (580, 300), (960, 720), (0, 720)), fill=ASPHALT)
    for x, y in ((200, 480), (460, 400), (700, 520)):
        draw.polygon(((x, y), (x - 45, y + 130), (x + 45, y + 130)), fill="#e06a1b")
        draw.rectangle((x - 24, y + 60, x + 24, y + 80), fill="#ffffff")


def document(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 0, 960, 720), fill="#8a8f96")
    draw.rounded_rectangle((90, 90, 870, 630), 20, fill=PAPER)
    draw.rectangle((130, 130, 500, 170), fill="#245aa5")
    for row in range(7):
        draw.rectangle((130, 220 + row * 54, 380 + (row * 97) % 300, 240 + row * 54), fill="#b5b2a6")
    draw.rounded_rectangle((620, 220, 820, 420), 12, fill="#d7d3c4")


SCENES: dict[str, Callable[[ImageDraw.ImageDraw], None]] = {
    "pothole": pothole,
    "lamp": lamp,
    "bin": bin_,
    "road": road,
    "document": document,
}


def main() -> None:
    TARGET.mkdir(exist_ok=True)
    for name, scene in SCENES.items():
        image = Image.new("RGB", SIZE)
        scene(ImageDraw.Draw(image))
        image.filter(ImageFilter.GaussianBlur(1.5)).save(TARGET / f"{name}.jpg", quality=72)


if __name__ == "__main__":
    main()
