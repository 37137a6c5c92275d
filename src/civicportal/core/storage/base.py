"""What a file store must do. A store keeps small, finished, immutable files under random keys."""

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
    "StoreAway",
    "StoreMark",
    "StoreRefused",
    "check_key",
    "is_key",
    "new_key",
]

MARK = "portal.json"
"""Name of the file that says which portal a store belongs to; it is no key."""
QUARANTINE = "quarantine"
"""Folder or prefix of the files that were swept and are not deleted yet."""

_KEY = re.compile(r"[A-Za-z0-9_-]{22}(\.[a-z0-9-]+)?")


class InvalidKey(ValueError):
    """The key is not one that `new_key` makes, with at most one lower-case variant behind a dot."""


class FileMissing(LookupError):
    """The store holds no file under this key."""


class StoreAway(OSError):
    """A store on another machine does not answer, or refuses us (answered as 503)."""


class StoreRefused(StoreAway):
    """The store belongs to another portal, so it is neither read nor written."""


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
    """Return a fresh file name: 128 random bits in 22 characters."""
    return secrets.token_urlsafe(16)


def is_key(name: str) -> bool:
    """Return whether a name is 22 characters of `A-Za-z0-9_-`, or those and a variant such as `.small`."""
    return _KEY.fullmatch(name) is not None


def check_key(key: str) -> str:
    """Return the key, so that no store ever sees a path.

    :raises InvalidKey: for one that `is_key` does not know.
    """
    if not is_key(key):
        raise InvalidKey(f"not a file key: {key[:60]!r}")
    return key


@runtime_checkable
class IFileStorage(Protocol):
    """A file store of the site: a local directory, an S3-compatible service, or memory in tests.

    Every method raises `InvalidKey` for a key that `check_key` refuses, and `StoreAway` while a store on another machine
    cannot be used. A store may be used from any thread.
    """

    @property
    def place(self) -> str:
        """Return the location of the store, for messages to operators: "the folder …", "the bucket …"."""

    def read_mark(self) -> StoreMark | None:
        """Return which portal the store belongs to; None for an unmarked store."""

    def write_mark(self, mark: StoreMark | None) -> None:
        """Mark the store as a portal's, or remove its mark."""

    def put(self, key: str, data: bytes | BinaryIO) -> None:
        """Store a file whole or not at all; when this returns, a power cut no longer loses it.

        :raises OSError: if the store is full or away; nothing is left under the key then.
        """

    def open(self, key: str) -> BinaryIO:
        """Return the file for reading; the caller closes it.

        :raises FileMissing: if there is none.
        """

    def exists(self, key: str) -> bool:
        """Return whether a finished file has this key."""

    def delete(self, key: str) -> bool:
        """Delete the file; False if there was none, so that deleting twice is no error."""

    def keys(self, before: datetime | None = None) -> Iterator[str]:
        """Yield the keys of all finished files, or of those stored before an instant (aware).

        What somebody else has put among them is passed over.
        """

    def discard_partial(self, before: datetime) -> int:
        """Drop what interrupted writes left behind before an instant (aware); return how many there were."""

    def quarantine(self, key: str) -> bool:
        """Move a file into quarantine, from where it can be recovered; False if there was none."""

    def recover(self, key: str) -> bool:
        """Move a file back from quarantine; False if it is not there."""

    def quarantined(self, before: datetime | None = None) -> Iterator[str]:
        """Yield the keys of the files in quarantine, or of those moved there before an instant (aware)."""

    def purge(self, key: str) -> bool:
        """Delete a file in quarantine; False if it is not there."""
