"""Copying of files between stores."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from civicportal.core.storage.base import FileMissing, IFileStorage

__all__ = ["copy_all"]

THREADS = 8
"""Parallel calls, because a remote service has latency, not low throughput."""
BATCH = 500


def copy_all(source: IFileStorage, target: IFileStorage, progress: Callable[[int, int], None]) -> int:
    """Copy the files that the target lacks.

    It may be interrupted and repeated, and run while the source is in use.

    :param progress: called after each batch with the number of copied and of all files.
    :returns: how many files were copied.
    :raises StorageUnavailable: when one of the stores cannot be used.
    """
    missing = sorted(set(source.keys()) - set(target.keys()))
    copied = 0
    with ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(missing), BATCH):
            copied += sum(pool.map(lambda key: _copy(source, target, key), missing[start : start + BATCH]))
            progress(min(start + BATCH, len(missing)), len(missing))
    return copied


def _copy(source: IFileStorage, target: IFileStorage, key: str) -> bool:
    try:
        with source.open(key) as file:
            target.put(key, file)
    except FileMissing:
        # Deleted since the listing.
        return False
    return True
