"""A file store that is used only after its mark was verified."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import BinaryIO

from civicportal.core.storage.base import FileMissing, IFileStorage, StoreMark

__all__ = ["GuardedStorage"]


class GuardedStorage:
    """Refuse every access to a store that belongs to another portal.

    The mark is read once, at the first access; :meth:`confirm` reads it again. A missing file that is in
    quarantine is moved back when it is opened.

    :param store: the underlying folder or bucket.
    :param confirm: verifies the owner of the store; returns False while it is unknown, because the database has no
        tables.
    :ivar store: the underlying store, for actions before the store belongs to the portal.
    """

    def __init__(self, store: IFileStorage, confirm: Callable[[IFileStorage], bool]) -> None:
        self.store = store
        self._confirm = confirm
        self._is_own = False

    def confirm(self) -> None:
        """Verify the owner of the store again.

        :raises StoreRefused: when it belongs to another portal.
        :raises StorageUnavailable: when it does not answer.
        """
        self._is_own = False
        self._is_own = self._confirm(self.store)

    @property
    def _own(self) -> IFileStorage:
        if not self._is_own:
            self.confirm()
        return self.store

    @property
    def place(self) -> str:
        return self.store.place

    def read_mark(self) -> StoreMark | None:
        return self.store.read_mark()

    def write_mark(self, mark: StoreMark | None) -> None:
        self._is_own = False
        self.store.write_mark(mark)

    def put(self, key: str, data: bytes | BinaryIO) -> None:
        self._own.put(key, data)

    def open(self, key: str) -> BinaryIO:
        store = self._own
        try:
            return store.open(key)
        except FileMissing:
            # The row was missing for some time, for instance because an older backup was restored.
            if not store.recover(key):
                raise
        return store.open(key)

    def exists(self, key: str) -> bool:
        return self._own.exists(key)

    def delete(self, key: str) -> bool:
        return self._own.delete(key)

    def keys(self, before: datetime | None = None) -> Iterator[str]:
        return self._own.keys(before)

    def discard_partial(self, before: datetime) -> int:
        return self._own.discard_partial(before)

    def quarantine(self, key: str) -> bool:
        return self._own.quarantine(key)

    def recover(self, key: str) -> bool:
        return self._own.recover(key)

    def quarantined(self, before: datetime | None = None) -> Iterator[str]:
        return self._own.quarantined(before)

    def purge(self, key: str) -> bool:
        return self._own.purge(key)
