"""On the road: holes, lids, gutters and pavements."""

from .brushes import XY, Canvas, ellipse, ground

STONES = ("#4b463e", "#6a645a", "#3b372f", "#7d776b")
LEAVES = ("#8a6a2f", "#6f5526", "#a58338", "#5c4a22", "#7d7a3a")


def _asphalt(c: Canvas) -> None:
    """A road seen from a standing person, a kerb along its far side."""
    c.gradient(0, 900, "#8d908e", "#585b5a")
    c.grain((90, 40), 0.22)
    c.grain((5, 3), 0.3)
    c.shape([(0, 0), (1200, 0), (1200, 130), (0, 250)], "#b7af9f")
    for step in range(14):
        c.line([(step * 110 - 120, 0), (step * 100 - 60, 262 - step * 11)], "#8f8778", 2.5, 0.7)
    c.line([(0, 96), (1200, 46)], "#8f8778", 2.5, 0.7)
    c.grain((60, 30), 0.3, [(0, 0), (1200, 0), (1200, 130), (0, 250)])
    c.shape([(0, 250), (1200, 130), (1200, 172), (0, 300)], "#d6d0c2", 1.5)
    for x in range(150, 1200, 210):
        c.line([(x, 251 - x * 0.1), (x + 4, 298 - x * 0.107)], "#8f897c", 2.5)
    c.shape([(0, 300), (1200, 172), (1200, 192), (0, 330)], "#3c3e3d", 2, 0.55)
    c.shape([(110, 900), (372, 520), (430, 522), (232, 900)], "#e9e7dd", 4, 0.82)
    c.shape([(498, 386), (548, 318), (586, 320), (548, 388)], "#e9e7dd", 3, 0.75)


def pothole(c: Canvas) -> None:
    _asphalt(c)
    for start, angle in (((440, 560), 3.5), ((1070, 560), -0.4), ((900, 730), 1.0), ((560, 690), 2.3)):
        c.crack(start, angle, 230)
    c.blob(760, 610, 330, 158, "#6d6a64", 15)
    c.blob(762, 616, 300, 140, "#4a4640", 14)
    c.blob(764, 628, 268, 116, "#35312b", 12)
    c.scatter((762, 620, 285, 128), 150, STONES, (5, 12))
    c.blob(790, 646, 214, 76, "#241f1a", 10)
    c.blob(800, 652, 182, 56, "#6f8b97", 8)
    c.blob(826, 646, 110, 26, "#a9c3cf", 7, 0.75)
    c.line([(700, 664), (820, 672), (900, 664)], "#d7e5ea", 3, 0.5)
    c.scatter((760, 640, 450, 210), 46, STONES, (4, 13))
    c.grain((7, 5), 0.16)


def pothole_done(c: Canvas) -> None:
    _asphalt(c)
    patch: list[XY] = [(420, 480), (1050, 440), (1140, 770), (370, 800)]
    c.shadow(patch, 0.35, 8)
    c.shape(patch, "#1d1f1f", 4)
    c.shape([(434, 492), (1040, 454), (1122, 758), (388, 786)], "#313434", 3)
    c.grain((6, 4), 0.55, patch)
    c.grain((120, 24), 0.3, patch)
    for y in (560, 650):
        c.line([(410, y + 14), (1090, y - 24)], "#464a49", 5, 0.4)
    c.grain((7, 5), 0.1)


def manhole(c: Canvas) -> None:
    _asphalt(c)
    c.blob(560, 600, 236, 118, "#767a78", 3)
    c.blob(560, 602, 206, 100, "#3f4140")
    c.blob(560, 606, 186, 88, "#0c0d0e")
    c.shape(
        [*ellipse(560, 606, 186, 88)[30:], (746, 606), (700, 640), (560, 560), (420, 640)],
        "#262829",
        opacity=0.7,
    )
    for depth in range(3):
        c.line([(500, 560 + depth * 26), (620, 560 + depth * 26)], "#5b4636", 7 - depth, 0.9 - depth * 0.2)
    c.shadow(ellipse(900, 714, 214, 96), 0.5)
    c.blob(890, 706, 206, 92, "#2b2d2e")
    c.blob(890, 694, 206, 92, "#5a5e60")
    c.blob(890, 694, 182, 80, "#4a4e50")
    for ring in (150, 112, 74, 36):
        c.blob(890, 694, ring, ring * 0.44, "#62676a")
        c.blob(890, 694, ring - 9, ring * 0.44 - 5, "#474b4d")
    c.blob(890, 694, 14, 7, "#1d1f20")
    c.scatter((640, 690, 360, 150), 40, STONES, (3, 9))
    c.crack((370, 560), 3.4, 160)
    c.grain((7, 5), 0.16)


def gutter(c: Canvas) -> None:
    c.gradient(0, 900, "#9b9d9a", "#636664")
    c.grain((80, 36), 0.2)
    c.grain((5, 3), 0.28)
    c.shape([(0, 0), (560, 0), (210, 900), (0, 900)], "#b9b1a1")
    for step in range(9):
        c.line([(0, step * step * 13), (560 - step * step * 5.1, step * step * 13)], "#8f8778", 3, 0.7)
    c.line([(330, 0), (60, 900)], "#8f8778", 3, 0.7)
    c.grain((50, 26), 0.3, [(0, 0), (560, 0), (210, 900), (0, 900)])
    c.shape([(560, 0), (600, 0), (310, 900), (210, 900)], "#d8d2c5", 2)
    c.shape([(600, 0), (720, 0), (800, 900), (310, 900)], "#3f403c")
    c.shape([(600, 0), (626, 0), (420, 900), (310, 900)], "#77746b")
    c.shape([(632, 60), (704, 60), (752, 900), (440, 900)], "#343a33", 5)
    c.shape([(720, 0), (764, 0), (900, 900), (800, 900)], "#cfc9bb", 2)
    c.shape([(646, 90), (690, 90), (700, 420), (566, 420)], "#55665d", 6, 0.7)
    c.scatter((610, 560, 120, 160), 90, LEAVES, (9, 19))
    c.scatter((600, 740, 150, 150), 130, LEAVES, (12, 26))
    c.shape([(560, 560), (640, 540), (664, 590), (580, 616)], "#cf5b32", 4)
    c.shape([(620, 660), (664, 640), (690, 740), (640, 756)], "#a9c8d8", 4, 0.9)
    c.shape([(640, 628), (656, 622), (664, 646), (648, 652)], "#e9eef0", 2)
    c.shape([(500, 740), (570, 700), (610, 760), (540, 806)], "#e4ded0", 6)
    c.shape([(470, 830), (560, 800), (570, 880), (480, 890)], "#2b2f33", 8)
    c.shape([(660, 800), (724, 780), (736, 850), (676, 862)], "#d8b23a", 4)
    c.scatter((600, 700, 150, 210), 60, LEAVES, (8, 18))
    c.grain((7, 5), 0.16)


def sidewalk(c: Canvas) -> None:
    c.gradient(0, 900, "#a79d8b", "#7f7564")
    broken = {(-2, 2), (-1, 2), (0, 2), (1, 2), (-1, 3), (0, 3), (1, 3), (2, 3), (0, 4), (1, 4)}
    for row in range(16, 0, -1):
        for column in range(-9, 9):
            _tile(c, column, row, broken=(column, row) in broken)
    c.grain((46, 30), 0.28)
    c.shape([(0, 0), (1200, 0), (1200, 372), (0, 372)], "#b6a488")
    c.box(0, 330, 1200, 44, "#8a7a62")
    for x, width in ((90, 200), (420, 150), (760, 260)):
        c.box(x, 40, width, 290, "#6f6a62")
        c.box(x + 10, 50, width - 20, 270, "#8fa0a6")
        c.shape([(x + 10, 50), (x + width * 0.6, 50), (x + 10, 240)], "#b9c8cc", opacity=0.6)
    c.grain((70, 50), 0.2, [(0, 0), (1200, 0), (1200, 372), (0, 372)])
    c.scatter((640, 700, 380, 120), 120, ("#8f8573", "#6e6555", "#b5aa95", "#564d3f"), (4, 13))
    c.grain((7, 5), 0.18)


def _tile(c: Canvas, column: int, row: int, *, broken: bool) -> None:
    """One slab of the pavement; a broken one lies askew over bare earth."""
    near, far = 1 + (row - 1) * 0.22, 1 + row * 0.22
    corners = [ground(column * 0.3, near), ground(column * 0.3 + 0.29, near)]
    corners += [ground(column * 0.3 + 0.29, far - 0.012), ground(column * 0.3, far - 0.012)]
    shade = ("#c3b8a3", "#b9ad97", "#cbc1ad", "#b2a690")[(column * 7 + row * 3) % 4]
    if not broken:
        c.shape(corners, shade)
        return
    c.shape(corners, "#4e4434", 3)
    cut = c.random.uniform(0.35, 0.65)
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = corners
    middle, top = (x1 + (x2 - x1) * cut, y1), (x4 + (x3 - x4) * (1 - cut), y4)
    drop = c.random.uniform(6, 20)
    c.shadow([(x1, y1 + 8), middle, top, (x4, y4 + 8)], 0.5, 5)
    c.shape(
        [
            (x1 + 4, y1 - drop),
            (middle[0] - 8, middle[1] - drop / 2),
            (top[0] - 10, top[1] - drop),
            (x4, y4 - drop),
        ],
        shade,
        2,
    )
    if c.random.random() < 0.6:
        c.shape([(middle[0] + 14, y2 + 4), (x2 - 6, y2 + 8), (x3 - 12, y3 + 6)], "#a1957f", 3)
