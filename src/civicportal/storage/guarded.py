"""A file store that is used only after it was found to be the portal's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import BinaryIO

from civicportal.storage.base import FileMissing, IFileStorage, StoreMark

__all__ = ["GuardedStorage"]


class GuardedStorage:
    """Refuses every access to a store that belongs to another portal.

    The mark is read once, with the first access; :meth:`confirm` reads it again. A file that is missing and lies in
    quarantine is put back when it is opened.

    :param store: the folder or bucket itself.
    :param confirm: looks whose the store is; returns False while that cannot be told yet, because the database has no
        tables.
    :ivar store: for what must be done to a store before it is the portal's.
    """

    def __init__(self, store: IFileStorage, confirm: Callable[[IFileStorage], bool]) -> None:
        self.store = store
        self._confirm = confirm
        self._is_own = False

    def confirm(self) -> None:
        """Look again whose the store is.

        :raises StoreRefused: when it is not the portal's.
        :raises StoreAway: when it does not answer.
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
            # The row was away for some time: an older backup was restored, for instance.
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
