"""The interface of file stores.

They hold small, immutable files under random keys.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import BinaryIO, Protocol, Self, runtime_checkable

__all__ = [
    "MARK",
    "QUARANTINE",
    "FileMissing",
    "IFileStorage",
    "InvalidKey",
    "StorageUnavailable",
    "StoreMark",
    "StoreRefused",
    "check_key",
    "is_key",
    "new_key",
]

MARK = "portal.json"
"""Name of the file with the store's owner; it is not a key."""
QUARANTINE = "quarantine"
"""Folder or prefix of the files in quarantine."""

_KEY = re.compile(r"[A-Za-z0-9_-]{22}(\.[a-z0-9-]+)?")


class InvalidKey(ValueError):
    """The key does not have the form of `new_key`.

    A lower-case variant after a dot is allowed.
    """


class FileMissing(LookupError):
    """The store has no file under this key."""


class StorageUnavailable(OSError):
    """A remote store is unreachable or refuses access (answered as 503)."""


class StoreRefused(StorageUnavailable):
    """The store belongs to another portal."""


@dataclass(frozen=True, kw_only=True)
class StoreMark:
    """Content of the file :data:`MARK`.

    :ivar portal: id of the portal that the store belongs to.
    :ivar mode: mode of the site that wrote it: "production", "development" or "demo".
    :ivar is_restoring: whether a restore into the store is running or was interrupted.
    """

    portal: str
    mode: str
    is_restoring: bool = False

    def to_json(self) -> bytes:
        """Return the content of the file."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Parse the file.

        :raises StoreRefused: when it is damaged and the owner therefore unknown.
        """
        try:
            values = json.loads(content)
            return cls(
                portal=str(values["portal"]),
                mode=str(values["mode"]),
                is_restoring=bool(values.get("is_restoring", False)),
            )
        except (ValueError, KeyError, TypeError):
            raise StoreRefused(f"the file {MARK} of the store cannot be read") from None


def new_key() -> str:
    """Return a new file name: 128 random bits in 22 characters."""
    return secrets.token_urlsafe(16)


def is_key(name: str) -> bool:
    """Return whether a name is a valid key.

    22 characters of `A-Za-z0-9_-`, with or without a variant such as `.small`.
    """
    return _KEY.fullmatch(name) is not None


def check_key(key: str) -> str:
    """Return the key if it is valid.

    :raises InvalidKey: for any other name.
    """
    if not is_key(key):
        raise InvalidKey(f"not a file key: {key[:60]!r}")
    return key


@runtime_checkable
class IFileStorage(Protocol):
    """A file store of the site.

    Every method raises `InvalidKey` for a key that `check_key` refuses, and `StorageUnavailable` while a remote store
    is unreachable. A store may be used from any thread.
    """

    @property
    def place(self) -> str:
        """Return the location of the store for operators, for instance "the folder …" or "the bucket …"."""

    def read_mark(self) -> StoreMark | None:
        """Return the owner of the store; None for an unmarked store."""

    def write_mark(self, mark: StoreMark | None) -> None:
        """Mark the store as a portal's, or remove its mark."""

    def put(self, key: str, data: bytes | BinaryIO) -> None:
        """Store a file completely or not at all, synced to disk.

        :raises OSError: if the store is full or unreachable; then there is no file under the key.
        """

    def open(self, key: str) -> BinaryIO:
        """Return the file for reading; the caller closes it.

        :raises FileMissing: if there is none.
        """

    def exists(self, key: str) -> bool:
        """Return whether there is a complete file with this key."""

    def delete(self, key: str) -> bool:
        """Delete the file; False if there was none, so it is idempotent."""

    def keys(self, before: datetime | None = None) -> Iterator[str]:
        """Yield the keys of complete files, or of those from before a time.

        Files with other names are ignored.
        """

    def discard_partial(self, before: datetime) -> int:
        """Delete remains of writes interrupted before a time (aware).

        :returns: their number.
        """

    def quarantine(self, key: str) -> bool:
        """Move a file into quarantine; False if there was none."""

    def recover(self, key: str) -> bool:
        """Move a file back from quarantine; False if it is not there."""

    def quarantined(self, before: datetime | None = None) -> Iterator[str]:
        """Yield the keys of files in quarantine, or only of those moved there before a time (aware)."""

    def purge(self, key: str) -> bool:
        """Delete a file in quarantine; False if it is not there."""
