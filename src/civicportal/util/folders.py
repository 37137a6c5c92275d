"""Private working folders, and cleanup after killed processes."""

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

PARTIAL = ".partial-"
"""Prefix of a file that is being copied into a target."""
LEFT_BEHIND = timedelta(days=1)
"""Age after which an unchanged folder belongs to a killed process."""


def prefix_of(purpose: str) -> str:
    """Return how the names of working folders begin."""
    return f"civicportal-{purpose}-"


def working_folder(purpose: str, beside: Path | None = None) -> "tempfile.TemporaryDirectory[str]":
    """Create a private temporary folder (mode 0700).

    A process that is killed leaves it: what writes personal data there calls :func:`delete_left_behind` too.

    :param purpose: a word for its name, such as ``import``.
    :param beside: its parent folder, in which it is hidden; the temporary folder if None.
    """
    prefix = prefix_of(purpose)
    return tempfile.TemporaryDirectory(prefix=f".{prefix}" if beside else prefix, dir=beside)


def delete_left_behind(purpose: str, *places: Path) -> None:
    """Delete the working folders of killed processes, and the partial files in ``places``.

    After a killed restore those of backups include the copy of the previous database: delete them when the portal is
    complete.

    :param places: folders to look in, besides the temporary folder.
    """
    for place in (Path(tempfile.gettempdir()), *places):
        for path in _found(place, prefix_of(purpose), partial=place in places):
            # Of two concurrent processes, one may delete what the other examines.
            with suppress(FileNotFoundError):
                if not _is_left_behind(path):
                    continue
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()


def _found(place: Path, prefix: str, *, partial: bool) -> Iterable[Path]:
    for pattern in (f"{prefix}*", f".{prefix}*", *([f"{PARTIAL}*"] if partial else ())):
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
