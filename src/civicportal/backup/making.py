"""Making a backup while the portal runs.

A picture is written before the row that names it, so the database is taken first and the files second: whatever the
snapshot names is there when the files are copied.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from civicportal.backup.archive import DATABASE, FILES, MANIFEST, ArchiveWriter
from civicportal.backup.databases import dump
from civicportal.backup.errors import BackupError
from civicportal.backup.manifest import Manifest, describe
from civicportal.storage import FileMissing

if TYPE_CHECKING:
    from civicportal.site import Site
    from civicportal.storage import IFileStorage

THREADS = 8
"""A bucket in another room answers late, not slowly."""
BATCH = 16
"""Files opened at a time."""
TOLD_EVERY = 500
"""Files."""

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A backup that was made.

    :ivar files: how many there are of the portal's.
    :ivar size: of the archive (bytes).
    """

    manifest: Manifest
    files: int
    size: int


def make_backup(site: "Site", target: Path, progress: Progress) -> Backup:
    """Write database, files and a manifest into one file; the portal may run meanwhile.

    It appears under its name when it is whole and on the disk, readable by its owner alone. The folder needs room for it
    and once more for the database.

    :raises BackupError: when the file exists, there is no room, the database refuses, or the store does not answer.
    """
    if target.exists():
        raise BackupError(f"{target} exists already: name a new file")
    manifest = describe(site)
    try:
        with tempfile.TemporaryDirectory(prefix=".civicportal-backup-", dir=target.parent) as folder:
            partial = Path(folder) / "archive"
            files = _write(site, manifest, partial, Path(folder) / DATABASE, progress)
            size = partial.stat().st_size
            partial.replace(target)
            _sync(target.parent)
    except OSError as error:
        raise BackupError(f"{target}: {error.strerror or error}") from error
    return Backup(manifest=manifest, files=files, size=size)


def _write(site: "Site", manifest: Manifest, partial: Path, database: Path, progress: Progress) -> int:
    dump(site.engines, database)
    progress(f"database: {database.stat().st_size // 1024} KiB")
    number = 0
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with ArchiveWriter(file, site.clock.now().timestamp()) as archive:
            archive.add(MANIFEST, BytesIO(manifest.to_json()))
            with database.open("rb") as snapshot:
                archive.add(DATABASE, snapshot)
            for number, (key, content) in enumerate(_files(site.storage), 1):
                with content:
                    archive.add(FILES + key, content)
                if number % TOLD_EVERY == 0:
                    progress(f"{number} files")
        file.flush()
        os.fsync(descriptor)
    return number


def _files(storage: "IFileStorage") -> Iterator[tuple[str, BinaryIO]]:
    keys = iter(storage.keys())
    with ThreadPoolExecutor(THREADS) as pool:
        while batch := list(islice(keys, BATCH)):
            opened = pool.map(lambda key: _opened(storage, key), batch)
            yield from ((key, file) for key, file in zip(batch, opened, strict=True) if file)


def _opened(storage: "IFileStorage", key: str) -> BinaryIO | None:
    try:
        return storage.open(key)
    except FileMissing:
        # Deleted since the list was made.
        return None


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
