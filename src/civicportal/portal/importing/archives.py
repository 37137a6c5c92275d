"""Archives (.zip) beside the files of an import: pictures, and tables that are too large to be uploaded as they are."""

import errno
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from civicportal.core.storage.images import MAX_BYTES
from civicportal.portal.importing.errors import ImportRefused
from civicportal.portal.importing.sources import LARGEST_UNPACKED, MOST_RATIO
from civicportal.util.i18n import _
from civicportal.util.persian import store

ARCHIVE = ".zip"
TABLES = frozenset((".csv", ".tsv", ".xlsx", ".jsonl", ".ndjson"))
"""Suffixes of the tables in an archive; all other files in it are pictures."""
MOST_ENTRIES = 50_000
MOST_TOGETHER = 10_000
"""Pictures of one archive that is made here."""
LONGEST_PATH, LONGEST_NAME = 200, 100
LONGEST_PART = 255
"""Bytes of the name of a file or folder, of which file systems keep no more."""
_SAFE = re.compile(r"[^\w. ()\u200c-]+")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1


class Unpacking:
    """Unpacks the archives of one import, within limits for all of them.

    :ivar tables: the tables, by their names without folders.
    :ivar pictures: number of the other files.
    :param folder: an empty one; pictures are below ``pictures`` under their paths, tables below ``files``.
    :param most: bytes of all files together.
    """

    def __init__(self, folder: Path, *, most: int) -> None:
        self.files, self.folder = folder / "files", folder / "pictures"
        self.files.mkdir()
        self.folder.mkdir()
        self.tables: list[Path] = []
        self.pictures = 0
        self._left = most

    def unpack(self, path: Path, name: str) -> None:
        """Unpack an archive.

        :param name: of the archive, for people.
        :raises ImportRefused: for a damaged or encrypted one, or one that would unpack to too much.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                entries = [entry for entry in archive.infolist() if not _is_left_out(entry)]
                self._refuse_bomb(entries, name)
                for entry in entries:
                    self._write(archive, entry, name)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            NotImplementedError,
            RuntimeError,
            ValueError,
        ) as error:
            # Whatever a damaged archive makes the library raise.
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise
            raise ImportRefused(
                _("${file}: it is no ZIP archive, or damaged", mapping={"file": name})
            ) from error

    def _refuse_bomb(self, entries: "list[zipfile.ZipInfo]", name: str) -> None:
        if len(entries) > MOST_ENTRIES:
            raise ImportRefused(
                _(
                    "${file}: it has more than ${n} files: divide it",
                    mapping={"file": name, "n": MOST_ENTRIES},
                )
            )
        packed, unpacked = (
            sum(getattr(one, size) for one in entries) for size in ("compress_size", "file_size")
        )
        self._left -= unpacked
        if unpacked > min(LARGEST_UNPACKED, max(packed, 1 << 16) * MOST_RATIO) or self._left < 0:
            raise ImportRefused(
                _(
                    "${file}: it unpacks to ${n} MiB, which is too much",
                    mapping={"file": name, "n": unpacked >> 20},
                )
            )
        for entry in entries:
            if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
                raise ImportRefused(
                    _("${file}: it is encrypted, or packed in an unusual way", mapping={"file": name})
                )

    def _write(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> None:
        # Texts of the tables, which name the pictures, are cleaned in the same way.
        inner = PurePosixPath(store(entry.filename.replace("\\", "/")))
        if inner.is_absolute() or ".." in inner.parts or len(str(inner)) > LONGEST_PATH:
            raise ImportRefused(_("${file}: a path in it is not allowed", mapping={"file": name}))
        if inner.suffix.lower() in TABLES:
            target = self.files / safe_name(inner.name)
            if target.exists():
                raise ImportRefused(_("Two files are called ${file}.", mapping={"file": target.name}))
            self.tables.append(target)
        else:
            target = self.folder / inner
            is_too_long = any(len(part.encode()) > LONGEST_PART for part in inner.parts)
            if is_too_long or target.exists() or entry.file_size > MAX_BYTES:
                # No picture, or none that a file system keeps: the line that names it says that it is missing.
                return
            target.parent.mkdir(parents=True, exist_ok=True)
            self.pictures += 1
        # The library reads no more than the size that was checked.
        with archive.open(entry) as source, target.open("xb") as file:
            shutil.copyfileobj(source, file)


def safe_name(name: str) -> str:
    """Return the name of a file without folders and signs that mean something in a pattern."""
    last = name.replace("\\", "/").rpartition("/")[2]
    stem, dot, suffix = _SAFE.sub("_", last).strip(". ").rpartition(".")
    return f"{stem[-LONGEST_NAME:]}{dot}{suffix[:10]}"


def _is_left_out(entry: zipfile.ZipInfo) -> bool:
    """Return whether an entry is a folder, a link, or a note of an operating system."""
    parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    return (
        entry.is_dir()
        or is_link
        or not parts
        or parts[0] == "__MACOSX"
        or parts[-1].startswith(".")
        or parts[-1] in ("Thumbs.db", "desktop.ini")
    )


def pack(files: Iterable[Path], below: Path, name: str) -> Iterator[Path]:
    """Move pictures into archives; yield these.

    :param files: below the folder ``below``.
    :param name: beginning of the names of the archives.
    """
    found = sorted(files)
    for number, begin in enumerate(range(0, len(found), MOST_TOGETHER), 1):
        path = below / f"{name}-{number}{ARCHIVE}"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for one in found[begin : begin + MOST_TOGETHER]:
                archive.write(one, one.relative_to(below).as_posix())
                one.unlink()
        yield path
