"""Folders in which backups and restores prepare things: this user alone reads them, and what a killed process left is deleted."""

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
"""Begin of the name of a file that is copied into a target at this moment."""
LEFT_BEHIND = timedelta(days=1)
"""What nobody has written to for so long belongs to a process that was killed."""


def working_folder(beside: Path | None = None) -> "tempfile.TemporaryDirectory[str]":
    """Return a folder of this user alone (mode 0700), deleted at the end of its ``with``.

    :param beside: the folder that it is made in, hidden; the machine's folder for temporary files if None.
    """
    return tempfile.TemporaryDirectory(prefix=f".{PREFIX}" if beside else PREFIX, dir=beside)


def delete_left_behind(*places: Path) -> None:
    """Delete what killed backups and restores have left in the machine's folder for temporary files, and in some others.

    Of a restore that was killed this is a copy of the database as it was before: call it when the portal is whole.
    """
    for place in (Path(tempfile.gettempdir()), *places):
        for path in _found(place):
            # Of two backups at once, one may delete what the other looks at.
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
    """Return whether a file or folder is this user's, and nothing in it was written to lately."""
    found = path.lstat()
    if found.st_uid != os.geteuid() or stat.S_ISLNK(found.st_mode):
        return False
    newest = max((one.lstat().st_mtime for one in path.rglob("*")), default=0.0)
    return max(newest, found.st_mtime) < time.time() - LEFT_BEHIND.total_seconds()
