"""A large file that lies elsewhere, read a piece at a time."""

import io
import os
from collections.abc import Callable
from typing import Any, BinaryIO

__all__ = ["open_ranged"]


class _RangedFile(io.RawIOBase):
    """Asks for what is read, and for nothing else."""

    def __init__(self, read: Callable[[int, int], bytes], size: int) -> None:
        self._read = read
        self._size = size
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


def open_ranged(read: Callable[[int, int], bytes], size: int, piece: int) -> BinaryIO:
    """Return a file whose pieces are read when their turn comes: however slow its reader, each is a short call of its own.

    :param read: returns the bytes from a place on, given how many.
    :param size: bytes of the whole file.
    :param piece: bytes that are asked for at once.
    """
    return io.BufferedReader(_RangedFile(read, size), piece)
