"""The child process that decodes one picture and returns two re-encoded ones.

Run by path, with the standard library and Pillow only. An exploited decoder has an empty environment and cannot open
anything: no new file descriptors or processes, and only the system calls for computing and reading its input (seccomp).
So it cannot read files, not even the environment of its parent, cannot reach the network, and ends with its picture.

stdin: the bytes of the upload. stdout: one line of JSON, then both pictures in sequence.
"""

from __future__ import annotations

import ctypes
import errno
import json
import math
import platform
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
# Measured with 40 MP: WebP, whose decoder holds a picture four times, fails at 640 MiB and passes at 704; of the other
# formats a CMYK JPEG needs most, fails at 320 and passes at 384.
WEBP_BYTES = 704 * 1024 * 1024
MEMORY_BYTES = 448 * 1024 * 1024
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
BAND = 256
"""Lines converted to RGB at a time, so that there are never two copies of a picture in memory."""

#: System calls needed for decoding, by machine: the number of its architecture (linux/audit.h), then those of the calls
#: in the order read write writev close fstat newfstatat lseek mmap mprotect munmap mremap madvise brk rt_sigaction
#: rt_sigprocmask rt_sigreturn sigaltstack sched_yield getpid gettid futex clock_gettime gettimeofday getrandom exit
#: exit_group rseq.
SYSTEM_CALLS = {
    "x86_64": (0xC000003E, (0, 1, 20, 3, 5, 262, 8, 9, 10, 11, 25, 28, 12, 13, 14, 15, 131, 24, 39, 186, 202, 228, 96, 318, 60, 231, 334)),
    "aarch64": (0xC00000B7, (63, 64, 66, 57, 80, 79, 62, 222, 226, 215, 216, 233, 214, 134, 135, 139, 132, 124, 172, 178, 98, 113, 169, 278, 93, 94, 293)),
}  # fmt: skip

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
    """Read a picture from stdin, write the result to stdout.

    The result is in the JSON line, a crash counts as a refusal.
    """
    _load_all()
    data = sys.stdin.buffer.read()
    _limit(WEBP_BYTES if data.startswith(b"RIFF") else MEMORY_BYTES)
    confined = _confine()
    try:
        large, small = convert(data)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        _answer({"refused": "too_many_pixels"})
    except Exception:  # a decoder may raise anything on malicious bytes
        _answer({"refused": "not_an_image"})
    else:
        bodies = _jpeg(large), _jpeg(small)
        sizes = [len(body) for body in bodies]
        _answer({"width": large.width, "height": large.height, "sizes": sizes, "confined": confined}, *bodies)


def convert(data: bytes) -> tuple[Image.Image, Image.Image]:
    """Return the large and the small picture, re-encoded.

    :raises Image.DecompressionBombWarning: before anything is decoded, if there are too many pixels.
    :raises Exception: anything Pillow raises for bytes that are not a complete picture of a known format.
    """
    upload = Image.open(BytesIO(data), formats=FORMATS)
    # JPEG decoders can scale down by powers of two while reading, to no less than this size: a 40 MP photo is never in
    # memory at full size. A square would limit the shorter side and decode four times the pixels.
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
    except Exception:  # a damaged EXIF block must not make the photo invalid
        return 1


def _flat(image: Image.Image) -> Image.Image:
    """Return the picture in RGB on white, scaled down."""
    factor = max(1, max(image.size) // LARGE_SIDE)
    if factor == 1:
        return _rgb(image)
    width, height = image.size
    canvas = Image.new("RGB", (math.ceil(width / factor), math.ceil(height / factor)))
    step = factor * BAND
    for top in range(0, height, step):
        band = _rgb(image.crop((0, top, width, min(height, top + step))))
        canvas.paste(band.reduce(factor), (0, top // factor))
    return canvas


def _rgb(image: Image.Image) -> Image.Image:
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


def _load_all() -> None:
    """Trigger the lazy imports of Pillow.

    It decodes tiny built-in pictures, because nothing can be opened later.
    """
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    frames = [Image.new("RGB", (2, 2), "white"), Image.new("RGB", (2, 2), "black")]
    # MPO: written by telephones with two lenses; starts like a JPEG.
    for kind, several in (("MPO", True), ("PNG", False), ("WEBP", False), ("GIF", True)):
        out = BytesIO()
        frames[0].save(out, kind, save_all=several, append_images=frames[1:] if several else [], exif=exif)
        convert(out.getvalue())


def _limit(memory: int) -> None:
    # Pillow checks the header, and every frame that exceeds it; beyond the limit it only warns.
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    for what, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        # Open descriptors stay open; no new file or socket can be opened, not even by root.
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(what, (limit, limit))


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("yes", ctypes.c_ubyte),
        ("no", ctypes.c_ubyte),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


def _confine() -> bool:
    """Restrict this process to `SYSTEM_CALLS` (seccomp).

    :return: whether the kernel supports it; otherwise only the resource limits apply.
    """
    if sys.platform != "linux" or platform.machine() not in SYSTEM_CALLS:
        return False
    architecture, numbers = SYSTEM_CALLS[platform.machine()]
    load, equal, answer = 0x20, 0x15, 0x06
    allow, refuse = 0x7FFF0000, 0x00050000 | errno.EPERM
    steps = [(load, 0, 0, 4), (equal, 1, 0, architecture), (answer, 0, 0, refuse), (load, 0, 0, 0)]
    steps += [(equal, len(numbers) - place, 0, number) for place, number in enumerate(numbers)]
    steps += [(answer, 0, 0, refuse), (answer, 0, 0, allow)]
    program = _Program(len(steps), (_Instruction * len(steps))(*(_Instruction(*step) for step in steps)))
    call = ctypes.CDLL(None).prctl
    set_no_new_privileges, set_seccomp, by_filter = 38, 22, 2
    return bool(
        call(set_no_new_privileges, 1, 0, 0, 0) == 0
        and call(set_seccomp, by_filter, ctypes.byref(program), 0, 0) == 0
    )


def _answer(header: dict[str, object], *bodies: bytes) -> None:
    sys.stdout.buffer.write(json.dumps(header).encode() + b"\n" + b"".join(bodies))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
