"""Beside the houses: bins, rubble, signs."""

from .brushes import Canvas, ellipse

RUBBLE = ("#b5ada0", "#9c9385", "#8b4f3a", "#a4644a", "#cfc8bb", "#7a7268", "#bdb3a2")


def _wall(c: Canvas) -> None:
    """A brick wall above a pavement."""
    c.gradient(0, 640, "#c6b08f", "#a88f6c")
    for row in range(16):
        c.line([(0, row * 40), (1200, row * 40)], "#8a7252", 3, 0.45)
        for brick in range(14):
            x = brick * 92 + row % 2 * 46
            c.line([(x, row * 40), (x, row * 40 + 40)], "#8a7252", 3, 0.4)
            if c.random.random() < 0.25:
                c.box(x + 3, row * 40 + 3, 86, 34, c.random.choice(("#b79b74", "#9c8260", "#cdb997")), 0.5)
    c.grain((60, 40), 0.2)
    c.gradient(640, 900, "#8a867d", "#6a665f")
    c.box(0, 636, 1200, 26, "#57534c")
    c.grain((70, 24), 0.3, [(0, 640), (1200, 640), (1200, 900), (0, 900)])


def _bin(c: Canvas) -> None:
    c.shadow(ellipse(600, 838, 340, 40), 0.6, 16)
    for x in (400, 800):
        c.blob(x, 824, 26, 26, "#1b1d1e")
        c.blob(x, 824, 10, 10, "#6a6e70")
    c.shape([(336, 380), (864, 380), (824, 816), (376, 816)], "#2f6350")
    c.shape([(336, 380), (450, 380), (470, 816), (376, 816)], "#3f7d66")
    c.shape([(770, 380), (864, 380), (824, 816), (750, 816)], "#234b3c")
    for x in (480, 600, 720):
        c.line([(x, 400), (600 + (x - 600) * 0.85, 806)], "#1f4336", 7, 0.6)
    c.box(318, 352, 564, 46, "#1f4034")
    c.box(318, 352, 564, 12, "#3c6d5a")
    c.blob(600, 590, 58, 58, "#dfe7e2", opacity=0.85)
    c.blob(600, 590, 46, 46, "#2f6350")
    c.shape([(600, 556), (626, 604), (574, 604)], "#dfe7e2", opacity=0.85)


def _bag(c: Canvas, x: float, y: float, size: float, color: str, light: str) -> None:
    c.shape(ellipse(x, y, size, size * 0.78), color, size / 14)
    c.shape(
        [(x - size * 0.22, y - size * 0.66), (x, y - size * 1.08), (x + size * 0.26, y - size * 0.68)],
        color,
        4,
    )
    c.shape(ellipse(x - size * 0.3, y - size * 0.26, size * 0.34, size * 0.2), light, size / 16, 0.45)
    c.line([(x - size * 0.1, y - size * 0.5), (x - size * 0.2, y + size * 0.3)], light, 3, 0.3)


def bin_(c: Canvas) -> None:
    _wall(c)
    for x, y, size in ((440, 330, 92), (760, 330, 96), (600, 290, 116)):
        _bag(c, x, y, size, "#23272a", "#5c666c")
    _bag(c, 690, 316, 66, "#d4cfc3", "#f4f1ea")
    _bin(c)
    for x, y, size, color, light in (
        (240, 800, 92, "#2a2e31", "#646d72"),
        (150, 836, 62, "#31363a", "#6b757a"),
        (950, 806, 86, "#c9c3b4", "#efebe0"),
        (1050, 838, 64, "#33393d", "#69737a"),
    ):
        c.shadow(ellipse(x, y + size * 0.7, size, 16), 0.5, 8)
        _bag(c, x, y, size, color, light)
    c.shape([(470, 850), (548, 832), (566, 872), (492, 884)], "#b5632f", 3)
    c.shape([(690, 862), (744, 838), (764, 868)], "#e2ddd0", 4)
    c.shape([(860, 866), (900, 858), (906, 882), (868, 888)], "#7fa2b4", 3)
    c.scatter((600, 862, 420, 26), 40, ("#cfc8b8", "#8b5a32", "#5c5f4a", "#d9d2a8"), (3, 9))
    c.grain((7, 5), 0.18)


def bin_done(c: Canvas) -> None:
    _wall(c)
    c.shape([(330, 352), (870, 352), (838, 286), (362, 286)], "#2b5a49")
    c.shape([(362, 286), (838, 286), (832, 270), (368, 270)], "#3f7d66")
    c.box(540, 306, 120, 14, "#1b382d")
    _bin(c)
    c.blob(300, 870, 160, 10, "#9fb2ba", 4, 0.3)
    c.grain((7, 5), 0.18)


def debris(c: Canvas) -> None:
    c.gradient(0, 420, "#b9d0dd", "#e6e4d8")
    for x, y, width, color in (
        (0, 150, 250, "#b1a58e"),
        (250, 220, 190, "#a2977f"),
        (930, 120, 270, "#b8ad97"),
    ):
        c.box(x, y, width, 340, color)
        for row in range(3):
            for column in range(int(width / 80)):
                c.box(x + 24 + column * 78, y + 30 + row * 90, 40, 54, "#6b7f8a", 0.75)
    c.box(440, 330, 490, 150, "#c2b79f")
    c.line([(440, 330), (930, 330)], "#8b7f69", 10)
    c.gradient(450, 900, "#a2947a", "#7d705a")
    c.grain((60, 24), 0.3)
    c.shadow([(120, 800), (560, 420), (1080, 790), (600, 850)], 0.4, 22)
    c.shape([(140, 800), (360, 560), (540, 440), (690, 470), (900, 640), (1060, 800)], "#90867a", 16)
    for _ in range(330):
        height = c.random.random() ** 1.4
        reach = 450 * (1 - height) + 20
        _piece(c, 600 + c.random.uniform(-reach, reach), 810 - height * 350)
    c.shape([(330, 620), (540, 520), (552, 534), (344, 640)], "#6b4e31", 2)
    c.shape([(700, 500), (960, 700), (948, 714), (690, 516)], "#7a5a3a", 2)
    c.line([(640, 470), (660, 390), (700, 380)], "#7d4a33", 6)
    c.line([(560, 480), (530, 400)], "#7d4a33", 6)
    for x, y in ((200, 790), (300, 826)):
        c.shape(ellipse(x, y, 82, 46), "#d9d4c8", 6)
        c.shape(ellipse(x - 16, y - 14, 44, 18), "#f0ece2", 4, 0.6)
    c.scatter((620, 836, 520, 44), 90, RUBBLE, (4, 13))
    c.grain((7, 5), 0.18)


def _piece(c: Canvas, x: float, y: float) -> None:
    """A brick or a piece of concrete with its dark lower side."""
    width, height = c.random.uniform(22, 62), c.random.uniform(14, 34)
    lean = c.random.uniform(-14, 14)
    top = [(x, y), (x + width, y + lean), (x + width - 6, y + height + lean), (x - 4, y + height)]
    c.shape([(px + 3, py + 8) for px, py in top], "#4d463d", 2, 0.7)
    c.shape(top, c.random.choice(RUBBLE), 2.5)


def sign(c: Canvas) -> None:
    c.gradient(0, 520, "#9fc3dc", "#e9ece2")
    c.blob(260, 130, 170, 34, "#f7f7f2", 12, 0.7)
    c.blob(900, 200, 210, 30, "#f7f7f2", 12, 0.6)
    c.box(0, 330, 420, 240, "#c0b194")
    c.box(420, 270, 330, 300, "#ad9f84")
    c.box(750, 350, 450, 220, "#c9bca0")
    for x, y in (
        (50, 380),
        (170, 380),
        (290, 380),
        (470, 320),
        (600, 320),
        (470, 430),
        (820, 400),
        (960, 400),
        (1090, 400),
    ):
        c.box(x, y, 70, 80, "#5f7480", 0.85)
        c.box(x + 6, y + 6, 26, 68, "#8fa8b4", 0.7)
    c.grain((60, 40), 0.2, [(0, 270), (1200, 270), (1200, 570), (0, 570)])
    c.gradient(560, 900, "#757876", "#5d605e")
    c.grain((90, 26), 0.2, [(0, 560), (1200, 560), (1200, 900), (0, 900)])
    c.shape([(0, 660), (1200, 590), (1200, 620), (0, 700)], "#d5cfc1", 2)
    c.shape([(0, 560), (1200, 560), (1200, 590), (0, 660)], "#b1a998")
    c.shadow([(590, 700), (1010, 812), (1010, 836), (590, 720)], 0.5, 8)
    c.shadow(ellipse(880, 810, 150, 24), 0.5, 10)
    c.line([(560, 650), (566, 560), (600, 520), (820, 610)], "#565c60", 20)
    c.line([(556, 650), (562, 560), (598, 516), (820, 604)], "#a9b0b4", 7)
    c.blob(560, 660, 44, 15, "#8f897c", 4)
    for radius, color in ((156, "#e9e9e4"), (144, "#b3251b")):
        c.shape(
            [
                (905 + (x - 905) * 0.9 + (y - 660) * 0.2, y)
                for x, y in ellipse(905, 660, radius, radius * 0.86)
            ],
            color,
        )
    c.shape([(822, 626), (1000, 662), (994, 706), (814, 668)], "#f4f3ee")
    c.shape([(850, 560), (900, 540), (940, 590), (880, 600)], "#cf5a4c", 4, 0.5)
    c.line([(820, 730), (880, 700), (930, 742)], "#7d1a12", 3, 0.6)
    c.scatter((600, 690, 130, 20), 24, ("#8f897c", "#6a645a"), (3, 8))
    c.grain((7, 5), 0.18)
