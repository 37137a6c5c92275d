"""A repository of backups.

Every picture is stored once, and each archive references its pictures.

``archives/`` contains the archives, ``pictures/`` the pictures under their keys, whose content never changes, and
``index.db`` (SQLite) a list of them. The index has keys and digests and no personal data, so it is not encrypted:
the portal cannot read what it has encrypted, and finds there which pictures are stored already.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from civicportal.core.storage import FileMissing
from civicportal.tools.backup.errors import BackupError, telling
from civicportal.tools.backup.sealing import SUFFIX, digest_of, is_sealed, seal, unseal
from civicportal.tools.backup.targets import ARCHIVES, INDEX, PICTURES, BackupTarget
from civicportal.util.folders import working_folder

if TYPE_CHECKING:
    from pyrage import Identity, Recipient

    from civicportal.core.storage import IFileStorage

FORM = "%Y-%m-%dT%H%M%SZ"
"""Format of the snapshot time in an archive's name (UTC)."""
Progress = Callable[[str], None]
THREADS = 8
"""Parallel calls, because a remote service has latency."""
BATCH = 64
READ_AGAIN = 30
"""Number of backups within which each stored picture is read again once."""
TOLD_EVERY = 500
"""Files between two progress messages."""
BEGINNING = ""
"""Sorts before every time."""

_TABLES = """
CREATE TABLE IF NOT EXISTS pictures (
  key TEXT PRIMARY KEY, sha256 TEXT NOT NULL, size INTEGER NOT NULL, name TEXT NOT NULL, stored_sha256 TEXT NOT NULL,
  stored_size INTEGER NOT NULL, first_seen TEXT NOT NULL, last_seen TEXT NOT NULL, read_at TEXT NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Result of storing pictures in a repository.

    :ivar named: number of pictures of the archive.
    :ivar added: number of newly stored ones.
    :ivar checked: number of those whose stored bytes were read again and compared.
    """

    named: int
    added: int
    checked: int


class Index:
    """The index of the pictures of a repository.

    :param path: of the SQLite file.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.executescript(_TABLES)

    def close(self) -> None:
        """Commit and close the file."""
        self._connection.commit()
        self._connection.close()

    def has(self, key: str) -> bool:
        """Return whether a picture is known."""
        return self._one("SELECT 1 FROM pictures WHERE key = ?", key) is not None

    def has_any(self) -> bool:
        """Return whether any picture is known."""
        return self._one("SELECT 1 FROM pictures LIMIT 1") is not None

    def see(self, key: str, moment: str) -> None:
        """Record that the archive made at a time references a picture."""
        self._connection.execute("UPDATE pictures SET last_seen = ? WHERE key = ?", (moment, key))

    def add(
        self, key: str, plain: tuple[str, int], name: str, stored: tuple[str, int], first: str, last: str
    ) -> None:
        """Record a stored picture, with digest and size of its content and of the stored file."""
        row = (key, *plain, name, *stored, first, last, last)
        self._connection.execute("INSERT OR REPLACE INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def seen(self, moment: str) -> Iterator[tuple[str, str, int]]:
        """Yield key, digest and size of an archive's pictures."""
        query = "SELECT key, sha256, size FROM pictures WHERE last_seen = ? ORDER BY key"
        yield from self._connection.execute(query, (moment,))

    def longest_unread(self, moment: str, number: int) -> list[tuple[str, str, str]]:
        """Return key, name and stored digest of the pictures of an archive that were verified longest ago."""
        query = (
            "SELECT key, name, stored_sha256 FROM pictures WHERE last_seen = ? AND read_at < ?"
            " ORDER BY read_at, key LIMIT ?"
        )
        return self._connection.execute(query, (moment, moment, number)).fetchall()

    def mark_verified(self, key: str, moment: str) -> None:
        """Record that a stored picture was verified."""
        self._connection.execute("UPDATE pictures SET read_at = ? WHERE key = ?", (moment, key))

    def keep_only(self, sizes: Iterable[tuple[str, int]]) -> int:
        """Remove pictures that are missing or have another size; return their number."""
        self._connection.execute(
            "CREATE TEMP TABLE there (name TEXT, size INTEGER, PRIMARY KEY (name, size))"
        )
        self._connection.executemany("INSERT OR IGNORE INTO there VALUES (?, ?)", sizes)
        gone = self._connection.execute(
            "DELETE FROM pictures WHERE (name, stored_size) NOT IN (SELECT name, size FROM there)"
        ).rowcount
        self._connection.execute("DROP TABLE there")
        return gone

    def unneeded(self, moments: list[str]) -> list[tuple[str, str]]:
        """Return the pictures that no given archive can reference."""
        self._connection.execute("CREATE TEMP TABLE kept (moment TEXT)")
        self._connection.executemany("INSERT INTO kept VALUES (?)", [(moment,) for moment in moments])
        query = (
            "SELECT key, name FROM pictures WHERE NOT EXISTS"
            " (SELECT 1 FROM kept WHERE moment BETWEEN first_seen AND last_seen)"
        )
        found = self._connection.execute(query).fetchall()
        self._connection.execute("DROP TABLE kept")
        return found

    def mark_damaged(self, key: str) -> None:
        """Record that a stored picture is damaged.

        The next backup stores it again, like a missing one.

        The row is kept, because older archives reference the picture, and a new row would not belong to them.
        """
        self._connection.execute("UPDATE pictures SET stored_size = -1 WHERE key = ?", (key,))

    def forget(self, key: str) -> None:
        """Remove a deleted picture."""
        self._connection.execute("DELETE FROM pictures WHERE key = ?", (key,))

    def _one(self, query: str, *values: object) -> object:
        return self._connection.execute(query, values).fetchone()


@contextmanager
def open_index(target: BackupTarget, folder: Path) -> Iterator[Index]:
    """Yield the index of a repository, and store it.

    :param folder: for the working copy.
    """
    path = folder / INDEX
    if target.exists(INDEX):
        copy_out(target, INDEX, path)
    try:
        index = Index(path)
    except sqlite3.DatabaseError:
        # Without the index all pictures are stored again.
        path.unlink()
        index = Index(path)
    try:
        yield index
    finally:
        index.close()
        target.put(INDEX, path)


def archives(target: BackupTarget) -> list[tuple[datetime, str]]:
    """Return time and name of the archives of a repository, oldest first."""
    found = []
    for name, _size in target.sizes(ARCHIVES):
        begin = name.removeprefix(f"{ARCHIVES}/").partition(".")[0]
        try:
            found.append((datetime.strptime(begin, FORM).replace(tzinfo=UTC), name))
        except ValueError:
            continue
    return sorted(found)


def store_pictures(
    target: BackupTarget,
    index: Index,
    storage: "IFileStorage",
    moment: datetime,
    keys: "list[Recipient]",
    progress: Progress,
) -> Stored:
    """Store missing pictures, and verify some others.

    :param keys: public keys that pictures are encrypted for; none for plain ones.
    :raises BackupError: when a stored picture differs from what was written.
    """
    at, others = moment.strftime(FORM), archives(target)
    lost = index.keep_only(target.sizes(PICTURES))
    if lost:
        progress(f"{lost} pictures are missing in {target.place} and stored again")
    # Older archives may reference the picture, since an unknown time.
    first = BEGINNING if others and (lost or not index.has_any()) else at
    named = added = 0
    with (
        working_folder("backup") as folder,
        ThreadPoolExecutor(THREADS) as pool,
    ):
        names = iter(storage.keys())
        while batch := list(islice(names, BATCH)):
            new = [key for key in batch if not index.has(key)]
            rows = pool.map(lambda key: _store(target, storage, key, keys, Path(folder)), new)
            for key, row in zip(new, rows, strict=True):
                if row:
                    plain, name, stored, was_there = row
                    index.add(key, plain, name, stored, BEGINNING if was_there else first, at)
            for key in batch:
                index.see(key, at)
            added += len(new)
            named += len(batch)
            if named % TOLD_EVERY < len(batch):
                progress(f"{named} pictures, {added} of them new")
    checked = 0
    for key, name, digest in index.longest_unread(at, -(-named // READ_AGAIN)):
        with target.open(name) as file:
            if digest_of(file)[0] != digest:
                index.mark_damaged(key)
                raise BackupError(
                    f"{target.place}/{name} is not as it was stored: the next backup stores it again"
                )
        index.mark_verified(key, at)
        checked += 1
    return Stored(named=named, added=added, checked=checked)


def _store(
    target: BackupTarget, storage: "IFileStorage", key: str, keys: "list[Recipient]", folder: Path
) -> tuple[tuple[str, int], str, tuple[str, int], bool] | None:
    """Store a picture, and return its record.

    An existing one that is not in the index was stored by a backup that could not store its index, or by a concurrent
    one of an older release, whose archive may reference it.
    """
    plain, sealed = folder / f"{key}.plain", folder / f"{key}.sealed"
    try:
        with storage.open(key) as source, plain.open("wb") as file:
            shutil.copyfileobj(source, file)
    except FileMissing:
        # Deleted after the listing.
        return None
    try:
        if keys:
            with plain.open("rb") as file, sealed.open("wb") as out:
                seal(file, out, keys)
        name = f"{PICTURES}/{key[:2]}/{key}{SUFFIX if keys else ''}"
        figures, stored = _digest(plain), _digest(sealed if keys else plain)
        was_there = target.exists(name)
        target.put(name, sealed if keys else plain)
        with target.open(name) as file:
            if digest_of(file) != stored:
                raise BackupError(f"{target.place}/{name} does not give back what was stored")
        return figures, name, stored, was_there
    finally:
        plain.unlink(missing_ok=True)
        sealed.unlink(missing_ok=True)


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return digest_of(file)


def read_picture(target: BackupTarget, key: str, digest: str, identities: "list[Identity]") -> bytes:
    """Return a picture of a repository.

    :raises BackupError: when it is missing, cannot be decrypted, or is not the one that the archive references.
    """
    trouble = BackupError(f"{target.place} has no picture {key}, which the backup names")
    # If encryption was turned on later, both may exist, one of them damaged.
    for suffix in ("", SUFFIX):
        name = f"{PICTURES}/{key[:2]}/{key}{suffix}"
        try:
            with target.open(name) as file:
                content = file.read()
        except FileNotFoundError:
            continue
        try:
            return _opened(content, f"{target.place}/{name}", digest, identities)
        except BackupError as error:
            trouble = error
    raise trouble


def _opened(content: bytes, place: str, digest: str, identities: "list[Identity]") -> bytes:
    if is_sealed(BytesIO(content)):
        out = BytesIO()
        unseal(BytesIO(content), out, identities, place)
        content = out.getvalue()
    if digest_of(BytesIO(content))[0] != digest:
        raise BackupError(f"{place} is not the picture that the backup names")
    return content


def prune(
    target: BackupTarget, *, daily: int, weekly: int, monthly: int, progress: Progress
) -> tuple[int, int]:
    """Delete old archives and unreferenced pictures.

    The newest archive is always kept.

    :param daily: number of newest days of which the last archive is kept; the same for weeks and months.
    :returns: the numbers of deleted archives and pictures.
    :raises BackupError: while a backup is made, or when something cannot be deleted.
    """
    with telling(target.place), target.locked():
        all_of_them = archives(target)
        kept = _kept([moment for moment, _name in all_of_them], daily, weekly, monthly)
        gone = [name for moment, name in all_of_them if moment not in kept]
        for name in gone:
            target.delete(name)
        progress(f"{len(gone)} archives deleted, {len(kept)} kept")
        pictures = _delete_unneeded(target, kept, progress) if kept else 0
    return len(gone), pictures


def _delete_unneeded(target: BackupTarget, kept: set[datetime], progress: Progress) -> int:
    with working_folder("backup") as folder, open_index(target, Path(folder)) as index:
        unneeded = index.unneeded([moment.strftime(FORM) for moment in sorted(kept)])
        for number, (key, name) in enumerate(unneeded, 1):
            target.delete(name)
            index.forget(key)
            if number % TOLD_EVERY == 0:
                progress(f"{number} of {len(unneeded)} pictures deleted")
    return len(unneeded)


def _kept(moments: list[datetime], daily: int, weekly: int, monthly: int) -> set[datetime]:
    kept = set(moments[-1:])
    for number, period in (
        (daily, lambda moment: moment.date()),
        (weekly, lambda moment: moment.date() - timedelta(days=moment.weekday())),
        (monthly, lambda moment: (moment.year, moment.month)),
    ):
        last: dict[object, datetime] = {period(moment): moment for moment in sorted(moments)}
        kept |= set(islice((moment for _period, moment in sorted(last.items(), reverse=True)), number))
    return kept


def copy_out(target: BackupTarget, name: str, path: Path) -> None:
    """Copy a file of a target to a local one.

    :raises BackupError: when there is none.
    """
    try:
        with closing(target.open(name)) as source, path.open("wb") as file:
            shutil.copyfileobj(source, file, 1024 * 1024)
    except FileNotFoundError:
        raise BackupError(f"{target.place}/{name}: No such file or directory") from None
