"""Verification of backups by restoring them into a scratch database and a scratch store, deleted afterwards."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from civicportal.core.db import Engines
from civicportal.core.storage import FileMissing, LocalStorage
from civicportal.portal.backups import records
from civicportal.tools.backup.archive import DATABASE, FILES, LIST, MANIFEST, ArchiveReader
from civicportal.tools.backup.databases import attachments, differences, figures, load, scratch
from civicportal.tools.backup.errors import BackupError, telling
from civicportal.tools.backup.manifest import BESIDE_IT, Manifest, read_manifest
from civicportal.tools.backup.repository import TOLD_EVERY, Progress, Stored, copy_out, read_picture
from civicportal.tools.backup.sealing import check_signature, is_sealed, public_key, unseal
from civicportal.tools.backup.targets import SCHEME, BackupTarget, open_target, repository_of
from civicportal.util.folders import working_folder

if TYPE_CHECKING:
    from pyrage import Identity

    from civicportal.core.site import Site


@dataclass(frozen=True, kw_only=True)
class BackupVerification:
    """Result of a verification.

    :ivar tables: number of tables compared by row count and digest; 0 for a backup in format 1, which has neither.
    :ivar rows: total number of rows.
    :ivar files: number of pictures that were read and compared.
    :ivar missing: pictures that a row references and the backup does not have: deleted while it was made, or before.
    """

    tables: int
    rows: int
    files: int
    missing: int


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A backup on this machine, not encrypted.

    :ivar path: of the archive.
    :ivar repository: the repository of its pictures, if they are not in the archive.
    """

    path: Path
    manifest: Manifest
    repository: BackupTarget | None


@contextmanager
def opened(site: "Site", address: str, identities: "list[Identity]") -> Iterator[Opened]:
    """Yield a backup, downloaded and decrypted if necessary.

    :raises BackupError: when there is none, or it cannot be decrypted.
    """
    target, name = open_target(site, address)
    if not name:
        raise BackupError(f"{address} is a folder: name one of its archives")
    with working_folder("backup") as folder:
        path = Path(address)
        if address.startswith(SCHEME):
            path = Path(folder) / "fetched"
            copy_out(target, name, path)
        with telling(address), path.open("rb") as file:
            sealed = is_sealed(file)
            if sealed:
                with (Path(folder) / "archive").open("wb") as plain:
                    unseal(file, plain, identities, address)
        path = Path(folder) / "archive" if sealed else path
        with path.open("rb") as file, ArchiveReader(file).open(MANIFEST) as text:
            manifest = read_manifest(text.read())
        beside = manifest.pictures == BESIDE_IT
        yield Opened(
            path=path, manifest=manifest, repository=repository_of(site, address) if beside else None
        )


def signature_check(
    site: "Site", manifest: Manifest, *, trusted: str = "", unsigned: bool = False
) -> Callable[[bytes, bytes], None] | None:
    """Return a function that refuses foreign signatures.

    It is None for a backup accepted without one.

    :param trusted: public key of the portal that made the backup, if it is not this one.
    :param unsigned: accept an unsigned backup.
    :raises BackupError: when the backup has the older format, which is not signed.
    """
    if unsigned:
        return None
    if manifest.format == 1:
        raise BackupError(
            "the backup is of an older format that is not signed: who made it, and whether it was changed, cannot be"
            " told. If it comes from a safe place, add --unsigned"
        )
    key = trusted or public_key(site)
    return lambda signature, sums: check_signature(signature, sums, key)


def verify_backup(
    site: "Site",
    address: str,
    progress: Progress,
    *,
    identities: "list[Identity] | None" = None,
    unsigned: bool = False,
) -> BackupVerification:
    """Restore a backup temporarily, and compare its manifest.

    :param address: path or URL of the archive.
    :param identities: private keys for an encrypted archive.
    :raises BackupError: at the first difference.
    """
    with opened(site, address, identities or []) as backup:
        made_at = datetime.fromisoformat(backup.manifest.made_at)
        target, name = open_target(site, address)
        place = f"{target.place}/{name}"
        try:
            with telling(address):
                found = verify_file(
                    site,
                    backup.path,
                    progress,
                    repository=backup.repository,
                    identities=identities,
                    unsigned=unsigned,
                )
        except BackupError as error:
            records.note(site, place, made_at, error=str(error), is_new=False)
            raise
    records.note(site, place, made_at, is_verified=True, is_new=False)
    return found


def verify_file(
    site: "Site",
    path: Path,
    progress: Progress,
    *,
    pictures: Stored | None = None,
    repository: BackupTarget | None = None,
    identities: "list[Identity] | None" = None,
    unsigned: bool = False,
) -> BackupVerification:
    """Verify an archive that is not encrypted.

    :param pictures: pictures that this process has just stored in a repository: their digests are compared with the
        rows, and those due for verification were read again.
    :param repository: the repository from which all pictures are read.
    """
    with (
        path.open("rb") as file,
        working_folder("backup", path.parent) as place,
        closing(_Digests(Path(place) / "digests.db")) as digests,
    ):
        archive, folder = ArchiveReader(file), Path(place)
        with archive.open(MANIFEST) as text:
            manifest = read_manifest(text.read())
        check = signature_check(site, manifest, unsigned=unsigned)
        archive.verify(lambda _number: None, check)
        store = LocalStorage(folder / "files")
        read = _restore_files(archive, store, repository, identities or [], digests, progress)
        with scratch(site.engines, folder, site.settings["backup"]["scratch_database_url"]) as engines:
            with archive.open(DATABASE) as snapshot:
                load(engines, snapshot)
            rows = _compare_tables(manifest, figures(engines))
            missing = _compare_pictures(engines, digests)
    if pictures:
        read = pictures.checked + pictures.added
    return BackupVerification(tables=len(manifest.tables), rows=rows, files=read, missing=missing)


def _restore_files(
    archive: ArchiveReader,
    store: LocalStorage,
    repository: BackupTarget | None,
    identities: "list[Identity]",
    digests: "_Digests",
    progress: Progress,
) -> int:
    """Restore the pictures into the scratch store."""
    read = 0
    for name, content in archive.members():
        if name.startswith(FILES):
            key = name.removeprefix(FILES)
            store.put(key, content.read())
            digests[key] = _read_back(store, key)
            read += 1
        elif name == LIST:
            for key, digest in picture_list(content):
                if repository:
                    store.put(key, read_picture(repository, key, digest, identities))
                    if _read_back(store, key) != digest:
                        raise BackupError(f"the picture {key} is not the one that the backup names")
                    read += 1
                digests[key] = digest
                if read and read % TOLD_EVERY == 0:
                    progress(f"{read} pictures read")
    return read


class _Digests:
    """Digests of pictures by key, in a file.

    A city may have millions.

    :param path: of the SQLite file.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.execute("CREATE TABLE digests (key TEXT PRIMARY KEY, digest TEXT) WITHOUT ROWID")

    def __setitem__(self, key: str, digest: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO digests VALUES (?, ?)", (key, digest))

    def get(self, key: str) -> str | None:
        """Return the digest of a picture, None if missing."""
        found = self._connection.execute("SELECT digest FROM digests WHERE key = ?", (key,)).fetchone()
        return found[0] if found else None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def picture_list(content: IO[bytes]) -> Iterator[tuple[str, str]]:
    """Yield key and digest of the pictures that an archive references."""
    rest = b""
    while block := content.read(1024 * 1024):
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            digest, _size, key = line.decode("ascii").split(" ")
            yield key, digest


def _read_back(store: LocalStorage, key: str) -> str:
    """Return the digest of a restored picture, and delete it."""
    try:
        with store.open(key) as file:
            return hashlib.sha256(file.read()).hexdigest()
    except FileMissing:
        raise BackupError(f"the picture {key} could not be restored") from None
    finally:
        store.delete(key)


def _compare_tables(manifest: Manifest, found: dict[str, tuple[int, str]]) -> int:
    if not manifest.tables:
        return sum(count for count, _digest in found.values())
    for difference in differences(manifest.tables, found):
        raise BackupError(f"the restored database differs: {difference}")
    return sum(count for count, _digest in found.values())


def _compare_pictures(engines: Engines, digests: _Digests) -> int:
    missing = 0
    with closing(attachments(engines)) as rows:
        for key, digest in rows:
            found = digests.get(key)
            if found is None:
                missing += 1
            elif found != digest:
                raise BackupError(f"the picture {key} is not the one that its row names")
            missing += digests.get(f"{key}.small") is None
    return missing
