"""Storage of backups: a folder or a bucket.

The bucket of an S3-compatible service has separate keys.
"""

import errno
import fcntl
import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from civicportal.core.leases import renewing
from civicportal.core.storage.local import sync_folder
from civicportal.core.storage.ranged import open_ranged
from civicportal.core.storage.s3 import open_bucket
from civicportal.tools.backup.errors import BackupError
from civicportal.util.errors import ConfigurationError
from civicportal.util.folders import PARTIAL
from civicportal.util.values import Values

if TYPE_CHECKING:
    from obstore import ObjectMeta

    from civicportal.core.site import Site

SCHEME = "s3://"
ARCHIVES = "archives"
PICTURES = "pictures"
INDEX = "index.db"
PART = 8 * 1024 * 1024
"""Bytes sent or received at a time."""
PART_SECONDS = 120
"""Timeout of one of them: a backup may use a slow line at night."""
LOCK_FILE = ".lock"
LOCKS = "locks"
"""Folder of the locks of a bucket."""
LOCK_LIFE = timedelta(minutes=15)
"""Age after which an unrenewed lock of a bucket belongs to a killed process."""
LOCK_RENEW = LOCK_LIFE / 6


class BackupTarget(Protocol):
    """Storage for the files of backups.

    A name is a relative path with slashes.
    """

    place: str

    def put(self, name: str, path: Path) -> None:
        """Store a local file completely or not at all.

        It may be moved.
        """

    def open(self, name: str) -> BinaryIO:
        """Return a seekable file for reading.

        :raises FileNotFoundError: if there is none.
        """

    def sizes(self, folder: str) -> Iterator[tuple[str, int]]:
        """Yield name and size (bytes) of every file below a folder."""

    def exists(self, name: str) -> bool:
        """Return whether there is a complete file with this name."""

    def delete(self, name: str) -> None:
        """Delete a file if it exists."""

    def locked(self) -> AbstractContextManager[None]:
        """Return an exclusive lock of the target.

        It is held until the end of its ``with``.

        Two concurrent backups would each store the index without the other's additions.

        :raises BackupError: when another process has it.
        """


class FolderTarget:
    """A folder that only its owner can read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = str(folder)

    def put(self, name: str, path: Path) -> None:
        target = self.folder / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _sync_file(path)
            path.replace(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._copy(path, target)
        sync_folder(target.parent)

    @staticmethod
    def _copy(path: Path, target: Path) -> None:
        unfinished = target.with_name(f"{PARTIAL}{target.name}")
        try:
            shutil.copyfile(path, unfinished)
            _sync_file(unfinished)
            unfinished.replace(target)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise

    def open(self, name: str) -> BinaryIO:
        return (self.folder / name).open("rb")

    def sizes(self, folder: str) -> Iterator[tuple[str, int]]:
        for path in (self.folder / folder).rglob("*"):
            if path.is_file() and not path.name.startswith("."):
                yield path.relative_to(self.folder).as_posix(), path.stat().st_size

    def exists(self, name: str) -> bool:
        return (self.folder / name).is_file()

    def delete(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        with (self.folder / LOCK_FILE).open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BackupError(
                    f"another backup, or a prune, is working in {self.folder}: begin again when it has ended"
                ) from None
            yield


class BucketTarget:
    """A folder of a bucket.

    :param table: ``[backup]`` of the site, for endpoint and keys.
    :raises ConfigurationError: when the client or a setting is missing.
    """

    def __init__(self, bucket: str, prefix: str, table: Values, ca: str) -> None:
        try:
            import obstore
        except ImportError:
            raise ConfigurationError(
                "a backup in a bucket needs the client: pip install civicportal[s3]"
            ) from None
        for key in ("endpoint", "access_key", "secret_key"):
            if not table[key]:
                raise ConfigurationError(f"backup.{key}: a backup in a bucket needs it")
        self.place = f"{SCHEME}{bucket}/{prefix}".rstrip("/")
        self._errors = (obstore.exceptions.BaseError, ValueError)
        self._store = open_bucket(
            bucket,
            prefix=prefix.strip("/"),
            endpoint=table["endpoint"],
            region=table["region"],
            access_key=table["access_key"],
            secret_key=table["secret_key"],
            ca=ca,
            call_seconds=PART_SECONDS,
        )

    def put(self, name: str, path: Path) -> None:
        with self._telling(), path.open("rb") as file:
            self._store.put(
                name, file, use_multipart=path.stat().st_size > PART, chunk_size=PART, max_concurrency=2
            )

    def open(self, name: str) -> BinaryIO:
        with self._telling():
            size = self._store.head(name)["size"]
        return open_ranged(partial(self._range, name), size, PART)

    def _range(self, name: str, start: int, length: int) -> bytes:
        with self._telling():
            return bytes(self._store.get_range(name, start=start, length=length))

    def sizes(self, folder: str) -> Iterator[tuple[str, int]]:
        yield from ((item["path"], item["size"]) for item in self._listed(folder))

    def exists(self, name: str) -> bool:
        try:
            with self._telling():
                self._store.head(name)
        except FileNotFoundError:
            return False
        return True

    def delete(self, name: str) -> None:
        with self._telling():
            self._store.delete(name)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder by an object in it.

        The object is rewritten at intervals while the lock is held.

        Each process writes its own object and then lists the others, so at least one of two concurrent processes sees
        the other.
        """
        own = f"{LOCKS}/{socket.gethostname()}-{secrets.token_hex(8)}"

        def renew() -> bool:
            # Another process deletes the object if it was not renewed for too long.
            return self.exists(own) and self._write(own)

        self._write(own)
        try:
            self._refuse_others(own)
            with renewing(renew, LOCK_RENEW.total_seconds()):
                yield
            if not self.exists(own):
                raise BackupError(
                    f"another backup, or a prune, was working in {self.place} at the same time, because this one had shown no"
                    " sign of life for a while: make another backup"
                )
        finally:
            # If it stays, it expires.
            with suppress(BackupError):
                self.delete(own)

    def _refuse_others(self, own: str) -> None:
        written = {item["path"]: item["last_modified"] for item in self._listed(LOCKS)}
        # The clock of the service, which has just written this process's own object.
        now = max(written.values())
        for name in written.keys() - {own}:
            if now - written[name] < LOCK_LIFE:
                raise BackupError(
                    f"another backup, or a prune, is working in {self.place}: begin again when it has ended. If it was killed,"
                    f" delete {self.place}/{name}, or wait {LOCK_LIFE // timedelta(minutes=1)} minutes"
                )
            self.delete(name)

    def _write(self, name: str) -> bool:
        with self._telling():
            self._store.put(name, b"", use_multipart=False)
        return True

    def _listed(self, folder: str) -> "Iterator[ObjectMeta]":
        with self._telling():
            for batch in self._store.list(f"{folder}/", chunk_size=1000):
                yield from batch

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except self._errors as error:
            reason = str(error).partition("\n")[0][:300]
            raise BackupError(f"{self.place}: {reason}") from error


def open_target(site: "Site", address: str) -> tuple[BackupTarget, str]:
    """Return the target of an address.

    :param address: a file, a folder (an existing one, or a name that ends with a slash), or the same in
        ``s3://BUCKET/``.
    :returns: the target, and the name of a file in it; an empty name for a repository.
    :raises ConfigurationError: when a setting of the bucket is missing.
    :raises BackupError: for a URL of another kind, which would name a folder here.
    """
    if "://" in address and not address.startswith(SCHEME):
        raise BackupError(f"{address}: name a file or a folder, or {SCHEME}BUCKET/FOLDER/")
    if address.startswith(SCHEME):
        bucket, _slash, path = address.removeprefix(SCHEME).partition("/")
        folder, _slash, name = path.rpartition("/")
        if name and not name.endswith((".tar", ".age")):
            folder, name = path, ""
        return BucketTarget(bucket, folder, site.settings["backup"], _certificates(site)), name
    path_of = Path(address)
    if address.endswith("/") or path_of.is_dir():
        return FolderTarget(path_of), ""
    return FolderTarget(path_of.parent), path_of.name


def repository_of(site: "Site", address: str) -> BackupTarget:
    """Return the repository of an archive by the archive's address."""
    parent = address.rpartition("/")[0]
    root = parent.rpartition("/")[0] if parent.rpartition("/")[2] == ARCHIVES else parent
    return open_target(site, f"{root or '.'}/")[0]


def _certificates(site: "Site") -> str:
    name = site.settings["backup"]["ca"]
    try:
        return (site.path.parent / name).read_text() if name else ""
    except OSError as error:
        raise ConfigurationError(f"{site.path}: backup.ca: {error}") from None


def _sync_file(path: Path) -> None:
    path.chmod(0o600)
    with path.open("rb") as file:
        os.fsync(file.fileno())
