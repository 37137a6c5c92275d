"""What glibc's allocator does with the memory of a process; other C libraries are left as they are."""

import ctypes
import os
from typing import Any

M_ARENA_MAX, M_MMAP_THRESHOLD = -8, -3
"""Of glibc's malloc.h."""
LARGE = 1024 * 1024
"""Bytes of a block that goes back as soon as it is not needed. Without a word glibc raises this to the largest block that was
ever given back: a picture, whose holes were 7 MB of a process."""


def use_one_heap() -> None:
    """Keep glibc from giving each thread a heap of its own, of which most stays empty: 17 MB of a process of 160.

    Only one thread of Python runs at a time, so none waits for another's allocation.
    """
    mallopt = _of_glibc("mallopt")
    if mallopt:
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_MMAP_THRESHOLD, LARGE)


def give_back() -> None:
    """Give back to the machine what the heap holds of free pages: half a millisecond to three."""
    trim = _of_glibc("malloc_trim")
    if trim:
        trim(0)


def _of_glibc(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None) if os.name == "posix" else None
