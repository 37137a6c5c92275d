"""Paint the pictures of the demo's reports: ``python -m tools.draw_photos [NAME …]`` beside this folder."""

import sys
from collections.abc import Callable
from pathlib import Path

from .brushes import Canvas
from .scenes_green import bench, tree, tree_done
from .scenes_night import lamp, lamp_done
from .scenes_road import gutter, manhole, pothole, pothole_done, sidewalk
from .scenes_street import bin_, bin_done, debris, sign

TARGET = Path(__file__).parent.parent / "src/shahreman_site/data/demo/photos"
SCENES: dict[str, Callable[[Canvas], None]] = {
    "pothole": pothole,
    "pothole_done": pothole_done,
    "manhole": manhole,
    "gutter": gutter,
    "sidewalk": sidewalk,
    "bin": bin_,
    "bin_done": bin_done,
    "debris": debris,
    "sign": sign,
    "lamp": lamp,
    "lamp_done": lamp_done,
    "tree": tree,
    "tree_done": tree_done,
    "bench": bench,
}


def main(names: list[str]) -> None:
    TARGET.mkdir(exist_ok=True)
    for name in names or SCENES:
        canvas = Canvas(seed=1405)
        SCENES[name](canvas)
        canvas.save(TARGET / f"{name}.jpg")


if __name__ == "__main__":
    main(sys.argv[1:])
