"""A generated photograph as of a phone: twelve megapixels, about five megabytes."""

import os
from collections.abc import Callable
from functools import cache
from io import BytesIO
from random import Random
from statistics import median

from PIL import Image

from civicportal.core.storage import process_image

SIZE = (4032, 3024)
GRAIN = 3
"""Pixels of the picture for one that is drawn by lot; the rest is painted between, as a lens does it."""
SIDES = (1600, 400)
"""Longer sides of what the portal keeps of it."""


@cache
def photo() -> bytes:
    """Return the JPEG, the same each time."""
    small = (SIZE[0] // GRAIN, SIZE[1] // GRAIN)
    drawn = Image.frombytes("RGB", small, Random(7).randbytes(3 * small[0] * small[1]))
    out = BytesIO()
    drawn.resize(SIZE, Image.Resampling.BICUBIC).save(out, "JPEG", quality=79)
    return out.getvalue()


def shrink() -> None:
    """Decode it once and scale both sizes in-process: the floor of a picture's cost."""
    image = Image.open(BytesIO(photo()))
    for side in SIDES:
        image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
        image.save(BytesIO(), "JPEG", quality=82)


def gate_and_floor(rounds: int) -> tuple[float, float]:
    """Return the CPU time in ms of processing in a child process, and of the floor: medians of alternate rounds."""
    turns = [(_cpu_ms(lambda: process_image(photo())), _cpu_ms(shrink)) for _round in range(rounds)]
    return median(gate for gate, _floor in turns), median(floor for _gate, floor in turns)


def _cpu_ms(run: Callable[[], object]) -> float:
    before = os.times()[:4]
    run()
    return 1000 * (sum(os.times()[:4]) - sum(before))
