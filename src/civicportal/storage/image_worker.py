"""The child process of the image gate: one picture in, two clean pictures out.

Run by path, with the standard library and Pillow alone: a decoder that is taken over finds no code, no secrets in
its environment, no files it may write, and ends with its picture.

stdin: the bytes of the upload. stdout: one line of JSON, then the two pictures one after the other.
"""

from __future__ import annotations

import json
import math
import resource
import sys
import warnings
from io import BytesIO

from PIL import Image

MAX_PIXELS = 40_000_000
LARGE_SIDE = 1600
SMALL_SIDE = 400
QUALITY = 82
CPU_SECONDS = 10
# Measured: the dearest picture of 40 MP, a WebP, fails at 576 MiB and passes at 704; the others stay below 512.
MEMORY_BYTES = 704 * 1024 * 1024
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")

_ORIENTATION = 0x0112
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def main() -> None:
    """Read stdin, write stdout; the outcome is in the JSON line, a crash is a refusal too."""
    _limit()
    try:
        large, small = convert(sys.stdin.buffer.read())
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        _answer({"refused": "too_many_pixels"})
    except Exception:  # a decoder may raise anything on hostile bytes
        _answer({"refused": "not_an_image"})
    else:
        bodies = _jpeg(large), _jpeg(small)
        _answer(
            {"width": large.width, "height": large.height, "sizes": [len(body) for body in bodies]}, *bodies
        )


def convert(data: bytes) -> tuple[Image.Image, Image.Image]:
    """Return the large and the small picture, painted anew: nothing but pixels comes from the upload.

    :raises Image.DecompressionBombWarning: before anything is decoded, if there are too many pixels.
    :raises Exception: whatever Pillow raises on bytes that are no whole picture of a known format.
    """
    upload = Image.open(BytesIO(data), formats=FORMATS)
    # JPEG decoders shrink while they read, by halves, to no less than this: a 40 MP photo never lies in memory whole. A
    # square would hold the shorter side up and decode four times the pixels of a photo.
    upload.draft(None, _fitted(upload.size))
    upload.load()
    transpose = _TRANSPOSE.get(_orientation(upload))
    image = _flat(upload)
    image.thumbnail((LARGE_SIDE, LARGE_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    if transpose is not None:
        image = image.transpose(transpose)
    large = _repaint(image)
    image.thumbnail((SMALL_SIDE, SMALL_SIDE), Image.Resampling.LANCZOS)
    return large, _repaint(image)


def _fitted(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size in px of the large picture."""
    scale = min(1.0, LARGE_SIDE / max(size))
    return math.ceil(size[0] * scale), math.ceil(size[1] * scale)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # a damaged EXIF block must not cost the citizen the photo
        return 1


def _flat(image: Image.Image) -> Image.Image:
    """Return the picture in RGB, transparent parts white."""
    if image.mode.startswith("I;16"):
        return image.point(lambda value: value / 256).convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        canvas = Image.new("RGB", image.size, "white")
        canvas.paste(image, mask=image.getchannel("A"))
        return canvas
    return image.convert("RGB")


def _repaint(image: Image.Image) -> Image.Image:
    canvas = Image.new("RGB", image.size)
    canvas.paste(image)
    return canvas


def _jpeg(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _limit() -> None:
    # Pillow looks at the header, and again at every frame that outgrows it; beyond the limit it only warns.
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    for what, limit in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))


def _answer(header: dict[str, object], *bodies: bytes) -> None:
    sys.stdout.buffer.write(json.dumps(header).encode() + b"\n" + b"".join(bodies))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
