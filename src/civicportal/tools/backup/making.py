"""Creation of a backup while the portal runs.

A picture is written before its row, so the database is dumped first and the files are copied second: all pictures of
the snapshot exist when the files are copied.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from civicportal.core.storage import FileMissing
from civicportal.domain.ownership import refuse_foreign
from civicportal.portal.backups import records
from civicportal.tools.backup.archive import DATABASE, FILES, LIST, MANIFEST, ArchiveWriter
from civicportal.tools.backup.databases import dump, file_of
from civicportal.tools.backup.errors import BackupError, telling
from civicportal.tools.backup.manifest import BESIDE_IT, Manifest, describe
from civicportal.tools.backup.repository import (
    FORM,
    THREADS,
    TOLD_EVERY,
    Progress,
    Stored,
    open_index,
    store_pictures,
)
from civicportal.tools.backup.sealing import SUFFIX, recipients, seal, sign
from civicportal.tools.backup.targets import ARCHIVES, BackupTarget, FolderTarget, open_target
from civicportal.tools.backup.verifying import BackupVerification, verify_file
from civicportal.util.errors import CivicportalError
from civicportal.util.folders import delete_left_behind, working_folder

if TYPE_CHECKING:
    from pyrage import Recipient

    from civicportal.core.site import Site
    from civicportal.core.storage import IFileStorage

BATCH = 16
"""Files opened at a time."""


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A backup that was made.

    :ivar address: path or URL of the archive.
    :ivar files: number of its pictures.
    :ivar added: number of pictures that this backup stored.
    :ivar size: size of the archive (bytes).
    :ivar verified: result of the verification; None without one.
    """

    manifest: Manifest
    address: str
    files: int
    added: int
    size: int
    verified: BackupVerification | None


def make_backup(site: "Site", target: Path | str, progress: Progress, *, verify: bool = False) -> Backup:
    """Back up database, files and a manifest; the portal may keep running.

    The archive appears under its name when it is complete and on the disk, readable by its owner only. A single file
    contains the pictures; in a repository each picture is stored once and the archive references it.

    :param target: a file, or a repository: an existing folder or a name that ends with a slash,
        ``s3://BUCKET/FOLDER/``.
    :param verify: restore it into a scratch database first, and compare.
    :raises BackupError: when the file exists, another backup is made in the repository, there is no room, the programs
        of the server's version are missing, the database refuses, the store does not answer, or what was verified
        differs.
    """
    place, name = open_target(site, str(target))
    moment = site.clock.now().replace(microsecond=0)
    address = f"{place.place}/{name or ARCHIVES}"
    try:
        with telling(str(target)):
            if name and place.exists(name):
                raise BackupError(f"{target} exists already: name a new file")
            keys = recipients(site)
            refuse_foreign(site)
            manifest = describe(site, moment, in_repository=not name)
            beside = _prepare(site, place)
            # An unencrypted archive is never in the folder of backups.
            with (
                nullcontext() if name else place.locked(),
                working_folder("backup", None if keys else beside) as folder,
            ):
                making = _Making(site, manifest, moment, place, name, keys, Path(folder), progress)
                made = making.run(verify)
    except CivicportalError as error:
        records.note(site, address, moment, error=str(error))
        raise
    records.note(site, made.address, moment, is_verified=verify)
    return made


def _prepare(site: "Site", target: BackupTarget) -> Path | None:
    """Create the folder of a target, and clean it up; return it.

    It is None for a bucket.
    """
    folder = target.folder if isinstance(target, FolderTarget) else None
    places = [file_of(site.engines).parent] if site.engines.dialect == "sqlite" else []
    if folder:
        folder.mkdir(mode=0o700, exist_ok=True)
        places += [folder, folder / ARCHIVES]
    delete_left_behind("backup", *places)
    return folder


class _Making:
    """The creation of one backup."""

    def __init__(
        self,
        site: "Site",
        manifest: Manifest,
        moment: datetime,
        target: BackupTarget,
        name: str,
        keys: "list[Recipient]",
        folder: Path,
        progress: Progress,
    ) -> None:
        self.site, self.manifest, self.moment = site, manifest, moment
        self.target, self.keys, self.folder, self.progress = target, keys, folder, progress
        ending = f".tar{SUFFIX if keys else ''}"
        self.name = name or f"{ARCHIVES}/{moment.strftime(FORM)}{ending}"

    def run(self, verify: bool) -> Backup:
        database, archive = self.folder / DATABASE, self.folder / "archive"
        tables = dump(self.site.engines, database)
        self.manifest = replace(self.manifest, tables=tables)
        self.progress(f"database: {database.stat().st_size // 1024} KiB, {len(tables)} tables")
        stored = self._store_pictures()
        files = self._write(archive, database)
        database.unlink()
        found = None
        if verify:
            found = verify_file(self.site, archive, self.progress, pictures=stored)
        path = archive
        if self.keys:
            path = self.folder / "sealed"
            with archive.open("rb") as plain, path.open("wb") as sealed:
                seal(plain, sealed, self.keys)
            archive.unlink()
        size = path.stat().st_size
        self.target.put(self.name, path)
        return Backup(
            manifest=self.manifest,
            address=f"{self.target.place}/{self.name}",
            files=stored.named if stored else files,
            added=stored.added if stored else files,
            size=size,
            verified=found,
        )

    def _store_pictures(self) -> Stored | None:
        if self.manifest.pictures != BESIDE_IT:
            return None
        with open_index(self.target, self.folder) as index:
            stored = store_pictures(
                self.target, index, self.site.storage, self.moment, self.keys, self.progress
            )
            with (self.folder / LIST).open("w", encoding="ascii") as names:
                names.writelines(
                    f"{digest} {size} {key}\n" for key, digest, size in index.seen(self.moment.strftime(FORM))
                )
        self.progress(f"{stored.named} pictures, {stored.added} of them new, {stored.checked} read again")
        return stored

    def _write(self, archive_path: Path, database: Path) -> int:
        number = 0
        descriptor = os.open(archive_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with (
            os.fdopen(descriptor, "wb") as file,
            ArchiveWriter(file, self.moment.timestamp(), partial(sign, self.site)) as archive,
        ):
            archive.add(MANIFEST, BytesIO(self.manifest.to_json()))
            with database.open("rb") as snapshot:
                archive.add(DATABASE, snapshot)
            if self.manifest.pictures == BESIDE_IT:
                with (self.folder / LIST).open("rb") as names:
                    archive.add(LIST, names)
                return 0
            for number, (key, content) in enumerate(_files(self.site.storage), 1):
                with content:
                    archive.add(FILES + key, content)
                if number % TOLD_EVERY == 0:
                    self.progress(f"{number} files")
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
        # Deleted since the listing.
        return None
