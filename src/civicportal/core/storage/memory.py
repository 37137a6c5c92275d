"""Files in memory, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import BinaryIO

from civicportal.core.storage.base import FileMissing, StoreMark, check_key

__all__ = ["MemoryStorage"]


class MemoryStorage:
    """An in-memory file store."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[bytes, datetime]] = {}
        self._quarantined: dict[str, tuple[bytes, datetime]] = {}
        self._mark: StoreMark | None = None

    @property
    def place(self) -> str:
        return "the memory of this process"

    def read_mark(self) -> StoreMark | None:
        return self._mark

    def write_mark(self, mark: StoreMark | None) -> None:
        self._mark = mark

    def put(self, key: str, data: bytes | BinaryIO) -> None:
        content = data if isinstance(data, bytes) else data.read()
        self._files[check_key(key)] = (content, datetime.now(UTC))

    def open(self, key: str) -> BinaryIO:
        if not self.exists(key):
            raise FileMissing(key)
        return BytesIO(self._files[key][0])

    def exists(self, key: str) -> bool:
        return check_key(key) in self._files

    def delete(self, key: str) -> bool:
        return self._files.pop(check_key(key), None) is not None

    def keys(self, before: datetime | None = None) -> Iterator[str]:
        for key, (_content, stored) in list(self._files.items()):
            if before is None or stored < before:
                yield key

    def discard_partial(self, before: datetime) -> int:
        del before  # a file in memory is never partial
        return 0

    def quarantine(self, key: str) -> bool:
        return _move(check_key(key), self._files, self._quarantined)

    def recover(self, key: str) -> bool:
        return _move(check_key(key), self._quarantined, self._files)

    def quarantined(self, before: datetime | None = None) -> Iterator[str]:
        for key, (_content, moved) in list(self._quarantined.items()):
            if before is None or moved < before:
                yield key

    def purge(self, key: str) -> bool:
        return self._quarantined.pop(check_key(key), None) is not None


def _move(
    key: str, source: dict[str, tuple[bytes, datetime]], target: dict[str, tuple[bytes, datetime]]
) -> bool:
    if key not in source:
        return False
    content, _stored = source.pop(key)
    target[key] = (content, datetime.now(UTC))
    return True
