"""Sequential reading of a large remote file by ranges."""

import io
import os
from collections.abc import Callable
from typing import Any, BinaryIO

__all__ = ["open_ranged"]


class _RangedFile(io.RawIOBase):
    """A raw file that requests the ranges that are read."""

    def __init__(self, read: Callable[[int, int], bytes], size: int, piece: int) -> None:
        self._read = read
        self._size = size
        self._piece = piece
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        begin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, begin + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        piece = self._read(self._at, wanted)
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def readall(self) -> bytes:
        # As inherited it would request 8 KiB at a time.
        return b"".join(iter(lambda: self.read(self._piece), b""))


def open_ranged(read: Callable[[int, int], bytes], size: int, piece: int) -> BinaryIO:
    """Return a file that requests one range at a time.

    Thus a slow reader does not keep a call open.

    :param read: returns a number of bytes from a position.
    :param size: bytes of the whole file.
    :param piece: bytes per request.
    """
    return io.BufferedReader(_RangedFile(read, size, piece), piece)
