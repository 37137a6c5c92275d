"""Private working folders of backups and restores, and cleanup after killed processes."""

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

PREFIX = "civicportal-backup-"
PARTIAL = ".partial-"
"""Prefix of a file that is being copied into a target."""
LEFT_BEHIND = timedelta(days=1)
"""Age after which an unchanged folder belongs to a killed process."""


def working_folder(beside: Path | None = None) -> "tempfile.TemporaryDirectory[str]":
    """Create a private temporary folder (mode 0700).

    :param beside: its parent folder, in which it is hidden; the temporary folder if None.
    """
    return tempfile.TemporaryDirectory(prefix=f".{PREFIX}" if beside else PREFIX, dir=beside)


def delete_left_behind(*places: Path) -> None:
    """Delete the remains of killed backups and restores.

    After a killed restore this includes the copy of the previous database: call it when the portal is complete.
    """
    for place in (Path(tempfile.gettempdir()), *places):
        for path in _found(place):
            # Of two concurrent backups, one may delete what the other examines.
            with suppress(FileNotFoundError):
                if not _is_left_behind(path):
                    continue
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()


def _found(place: Path) -> Iterable[Path]:
    for pattern in (f"{PREFIX}*", f".{PREFIX}*", f"{PARTIAL}*"):
        yield from place.glob(pattern)


def _is_left_behind(path: Path) -> bool:
    """Return whether a folder or file is an old remnant.

    It belongs to this user, and nothing in it was written recently.
    """
    found = path.lstat()
    if found.st_uid != os.geteuid() or stat.S_ISLNK(found.st_mode):
        return False
    newest = max((one.lstat().st_mtime for one in path.rglob("*")), default=0.0)
    return max(newest, found.st_mtime) < time.time() - LEFT_BEHIND.total_seconds()
