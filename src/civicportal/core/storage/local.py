"""Files in a local directory."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from civicportal.core.storage.base import MARK, QUARANTINE, FileMissing, StoreMark, check_key, is_key

__all__ = ["LocalStorage", "sync_folder"]

_PARTIAL = "partial"


class LocalStorage:
    """A file store in a directory: `<directory>/<first two characters>/<key>`.

    A file is written to `<directory>/partial`, synced, renamed into place, and its folder synced: after a crash
    the file is complete or missing.

    :param directory: created if missing; on one file system, and not served by a web server.
    """

    def __init__(self, directory: Path | str) -> None:
        self.directory = Path(directory)
        (self.directory / _PARTIAL).mkdir(mode=0o750, parents=True, exist_ok=True)

    @property
    def place(self) -> str:
        return f"the folder {self.directory}"

    def read_mark(self) -> StoreMark | None:
        try:
            return StoreMark.from_json((self.directory / MARK).read_bytes())
        except FileNotFoundError:
            return None

    def write_mark(self, mark: StoreMark | None) -> None:
        if mark is None:
            (self.directory / MARK).unlink(missing_ok=True)
        else:
            self._write(self.directory / MARK, mark.to_json())

    def put(self, key: str, data: bytes | BinaryIO) -> None:
        target = self._path(key)
        if not target.parent.exists():
            target.parent.mkdir(mode=0o750, exist_ok=True)
            sync_folder(self.directory)
        self._write(target, data)

    def _write(self, target: Path, data: bytes | BinaryIO) -> None:
        partial = self.directory / _PARTIAL / secrets.token_hex(16)
        try:
            _write(partial, BytesIO(data) if isinstance(data, bytes) else data)
            partial.replace(target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)

    def open(self, key: str) -> BinaryIO:
        try:
            return self._path(key).open("rb")
        except FileNotFoundError:
            raise FileMissing(key) from None

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def delete(self, key: str) -> bool:
        try:
            self._path(key).unlink()
        except FileNotFoundError:
            return False
        return True

    def keys(self, before: datetime | None = None) -> Iterator[str]:
        for path in self.directory.glob("[A-Za-z0-9_-][A-Za-z0-9_-]/*"):
            if is_key(path.name) and (before is None or _older(path, before)):
                yield path.name

    def discard_partial(self, before: datetime) -> int:
        old = [path for path in (self.directory / _PARTIAL).iterdir() if _older(path, before)]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def quarantine(self, key: str) -> bool:
        target = self._quarantine / check_key(key)
        self._quarantine.mkdir(mode=0o750, exist_ok=True)
        try:
            # The age in quarantine starts now. Set it before the move, so that the file never has an old date there.
            os.utime(self._path(key))
            self._path(key).replace(target)
        except FileNotFoundError:
            return False
        return True

    def recover(self, key: str) -> bool:
        target = self._path(key)
        try:
            os.utime(self._quarantine / key)
            target.parent.mkdir(mode=0o750, exist_ok=True)
            (self._quarantine / key).replace(target)
        except FileNotFoundError:
            return False
        return True

    def quarantined(self, before: datetime | None = None) -> Iterator[str]:
        for path in self._quarantine.glob("*"):
            if is_key(path.name) and (before is None or _older(path, before)):
                yield path.name

    def purge(self, key: str) -> bool:
        try:
            (self._quarantine / check_key(key)).unlink()
        except FileNotFoundError:
            return False
        return True

    @property
    def _quarantine(self) -> Path:
        return self.directory / QUARANTINE

    def _path(self, key: str) -> Path:
        return self.directory / check_key(key)[:2] / key


def _write(path: Path, source: BinaryIO) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o640)
        shutil.copyfileobj(source, file)
        file.flush()
        os.fsync(descriptor)


def sync_folder(path: Path) -> None:
    """Flush a folder to disk.

    New and renamed files then survive a power cut.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _older(path: Path, instant: datetime) -> bool:
    try:
        return path.stat().st_mtime < instant.timestamp()
    except FileNotFoundError:
        return False
