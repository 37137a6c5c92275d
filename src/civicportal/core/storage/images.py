"""Processing of uploaded pictures in child processes.

Only the re-encoded result is stored.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile

from civicportal.core.storage.slots import MachineSlots
from civicportal.util.errors import Refused
from civicportal.util.i18n import _

__all__ = ["MAX_BYTES", "ImageRefused", "ProcessedImage", "process_image"]

log = logging.getLogger(__name__)

MAX_BYTES = 10 * 1024 * 1024
_CONTENT_TYPE = "image/jpeg"
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF87a", b"GIF89a")
# Wall-clock timeout, for a machine under load; the child's own limit is ten CPU seconds.
_DEADLINE_SECONDS = 30
# Run by path, not imported: only the child needs Pillow.
# Measured: a new process costs 0.04 s of the 0.1-0.5 s for a photo, and no two photos share one.
_COMMAND = (sys.executable, "-I", str(Path(__file__).with_name("image_worker.py")))
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}
DECODERS_VARIABLE = "CIVICPORTAL_DECODERS"
AT_ONCE = 2
"""Pictures that all processes of a machine decode at once, by default."""
MOST_WAITING = 4
"""Requests of one process that may wait: at most half of its threads, so that other pages are served."""


def _decoders() -> int:
    text = os.environ.get(DECODERS_VARIABLE, "")
    if text and not (text.isascii() and text.isdigit() and int(text)):
        log.warning("%s is no number of decoders; there are %d", DECODERS_VARIABLE, AT_ONCE)
        return AT_ONCE
    return int(text or AT_ONCE)


_slots = MachineSlots("decoder", _decoders())
_room = threading.BoundedSemaphore(AT_ONCE + MOST_WAITING)

_REASONS = {
    "too_big": _("The picture is larger than 10 MB. Choose a smaller one."),
    "not_an_image": _("This file is not a complete JPEG, PNG or WebP picture."),
    "too_many_pixels": _("The picture has too many pixels. Choose one of at most 40 megapixels."),
    "too_slow": _("The picture took too long to read. Choose another one."),
    "busy": _(
        "Many pictures arrive at this moment. Please try again in a minute, or send the form without them."
    ),
}


def decoders() -> tuple[int, int]:
    """Return the used and the maximum number of decoders."""
    return _slots.count_taken(), _slots.number


class ImageRefused(Refused):
    """The upload is not stored.

    :ivar code: `too_big`, `not_an_image`, `too_many_pixels` or `too_slow`; `busy` when it was not decoded.
    """

    def __init__(self, code: str) -> None:
        super().__init__(_REASONS[code])
        self.code = code


@dataclass(frozen=True, slots=True)
class ProcessedImage:
    """A processed picture: upright, without metadata.

    :ivar large: at most 1600 px on the longer side.
    :ivar small: at most 400 px.
    :ivar width: of the large one, px.
    :ivar height: of the large one, px.
    :ivar sha256: of the large one, 64 hex digits.
    """

    large: bytes
    small: bytes
    width: int
    height: int
    content_type: str
    sha256: str


def process_image(data: bytes, *, patience: float | None = None) -> ProcessedImage:
    """Decode an upload in a confined child process and re-encode it.

    JPEG, PNG, WebP and the first frame of a GIF; at most 10 MiB, 40 megapixels, 10 CPU seconds, 704 MiB. Two run at
    once per machine, the others wait. It needs no database: call it before a unit of work opens.

    :param patience: maximum seconds to wait for a slot while a person waits for the response, if only few wait already;
        None to wait without limit.
    :raises ImageRefused: if the upload exceeds these limits or cannot be decoded; the original bytes are never stored.
    """
    if len(data) > MAX_BYTES:
        raise ImageRefused("too_big")
    if not data.startswith(_MAGIC):
        raise ImageRefused("not_an_image")
    with _slot(None) if patience is None else _turn(patience) as slot:
        output = _run(data, slot)
    header, _newline, body = output.partition(b"\n")
    answer = json.loads(header)
    if "refused" in answer:
        raise ImageRefused(answer["refused"])
    if not answer["confined"]:
        _say_not_confined()
    cut = answer["sizes"][0]
    large, small = body[:cut], body[cut:]
    return ProcessedImage(
        large=large,
        small=small,
        width=answer["width"],
        height=answer["height"],
        content_type=_CONTENT_TYPE,
        sha256=hashlib.sha256(large).hexdigest(),
    )


@contextmanager
def _turn(patience: float) -> Iterator[int]:
    if not _room.acquire(blocking=False):
        raise ImageRefused("busy")
    try:
        with _slot(patience) as slot:
            yield slot
    finally:
        _room.release()


@contextmanager
def _slot(patience: float | None) -> Iterator[int]:
    slot = _slots.acquire(patience)
    if slot is None:
        raise ImageRefused("busy")
    try:
        yield slot
    finally:
        _slots.release(slot)


@cache
def _say_not_confined() -> None:
    log.warning(
        "this kernel does not confine decoders of pictures (seccomp); limits of resources hold them alone"
    )


def _run(data: bytes, slot: int) -> bytes:
    # A file, because a pipe transfers 4 KiB at a time.
    with TemporaryFile() as upload:
        upload.write(data)
        upload.seek(0)
        try:
            done = subprocess.run(
                _COMMAND,
                stdin=upload,
                capture_output=True,
                timeout=_DEADLINE_SECONDS,
                env=_ENVIRONMENT,
                cwd=Path("/"),
                # A decoder keeps its slot until it ends, even if its parent was killed.
                pass_fds=(slot,),
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ImageRefused("too_slow") from None
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise ImageRefused("too_slow")
    if done.returncode != 0:
        raise ImageRefused("not_an_image")
    return done.stdout
