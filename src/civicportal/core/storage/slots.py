"""Slots shared by all processes of a user."""

from __future__ import annotations

import fcntl
import logging
import os
import stat
import tempfile
import time
from functools import cached_property
from pathlib import Path

__all__ = ["MachineSlots"]

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.02


class MachineSlots:
    """A number of file locks, shared between processes.

    A lock belongs to an open file: it is released when every process that has the file open has closed it or died.

    :param name: purpose of the slots.
    :ivar number: of slots.
    """

    def __init__(self, name: str, number: int) -> None:
        self._name = name
        self.number = number

    def acquire(self, patience: float | None) -> int | None:
        """Acquire a slot, and return its file descriptor, or None if none was free in time.

        :param patience: maximum seconds to wait; None to wait without limit.
        """
        ends = None if patience is None else time.monotonic() + patience
        while True:
            for place in range(self.number):
                slot = self._take(place)
                if slot is not None:
                    return slot
            if ends is not None and time.monotonic() >= ends:
                return None
            time.sleep(_POLL_SECONDS)  # flock waits for one file only, and without limit or not at all

    @staticmethod
    def release(slot: int) -> None:
        """Release a slot."""
        os.close(slot)

    def count_taken(self) -> int:
        """Return the number of taken slots."""
        return sum(self._is_taken(place) for place in range(self.number))

    def _is_taken(self, place: int) -> bool:
        slot = self._open(f"{self._name}-{place}")
        try:
            # Shared, so that two concurrent readers do not count each other.
            fcntl.flock(slot, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(slot)
        return False

    def _take(self, place: int) -> int | None:
        slot = self._open(f"{self._name}-{place}")
        try:
            fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(slot)
            return None
        return slot

    def _open(self, name: str) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            slot = os.open(self._folder / name, flags, 0o600)
        except FileNotFoundError:
            # Machines clean up their temporary folder: files not written to for days are deleted, such as this folder.
            del self._folder
            slot = os.open(self._folder / name, flags, 0o600)
        os.utime(slot)
        return slot

    @cached_property
    def _folder(self) -> Path:
        folder = Path(tempfile.gettempdir()) / f"civicportal-{os.geteuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077:
            return folder
        # Another user has created it, and could hold the locks.
        log.warning(
            "%s is not a folder of this user alone; %s are shared by this process only", folder, self._name
        )
        return Path(tempfile.mkdtemp(prefix="civicportal-"))
