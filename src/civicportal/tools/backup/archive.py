"""The tar file of a backup.

It is written and read as a stream, with little memory whatever its size. Standard tools read it too:
``tar -xf FILE`` and then ``sha256sum --check SHA256SUMS``.
"""

import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from io import BytesIO
from itertools import zip_longest
from typing import IO, Any, BinaryIO, Self, cast

from civicportal.core.storage import InvalidKey, check_key
from civicportal.tools.backup.errors import BackupError

MANIFEST = "manifest.json"
DATABASE = "database"
FILES = "files/"
LIST = "pictures"
"""Lists the pictures stored outside the archive: SHA-256, size and key per line."""
SUMS = "SHA256SUMS"
SIGNATURE = "SHA256SUMS.sig"
BLOCK = 1024 * 1024
"""Bytes read and written at a time."""


class ArchiveWriter:
    """Write an archive.

    If the body of its ``with`` fails, it gets no checksums and is not accepted as complete.

    :param file: the file, written from its current position.
    :param mtime: seconds since 1970, for people who unpack the archive manually.
    :param sign: returns the signature over the digest of the checksums; None for an unsigned archive.
    """

    def __init__(self, file: BinaryIO, mtime: float, sign: Callable[[bytes], bytes] | None = None) -> None:
        self._mtime = mtime
        self._sign = sign
        with ExitStack() as files:
            self._sums = files.enter_context(tempfile.TemporaryFile())
            self._tar = files.enter_context(tarfile.open(fileobj=file, mode="w|", bufsize=BLOCK))
            self._files = files.pop_all()

    def __enter__(self) -> Self:
        return self

    def add(self, name: str, file: BinaryIO) -> None:
        """Append a file of known size."""
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        summed = _Summed(file)
        self._append(name, summed, size)
        self._sums.write(_line(name, summed.digest.hexdigest()))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            with suppress(OSError):
                self._files.close()
            return
        with self._files:
            size = self._sums.tell()
            self._sums.seek(0)
            summed = _Summed(self._sums)
            self._append(SUMS, summed, size)
            if self._sign:
                signature = self._sign(summed.digest.digest())
                self._append(SIGNATURE, BytesIO(signature), len(signature))

    def _append(self, name: str, file: "_Summed | BytesIO", size: int) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode = size, self._mtime, 0o600
        self._tar.addfile(member, file)
        _forget(self._tar)


class ArchiveReader:
    """Read an archive, repeatedly if needed.

    :param file: seekable.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def members(self) -> Generator[tuple[str, IO[bytes]]]:
        """Yield name and content of all members, in order.

        :raises BackupError: when the file is not an archive, is truncated, or has unexpected members.
        """
        self._file.seek(0)
        with _telling_damage(), tarfile.open(fileobj=self._file, mode="r|", bufsize=BLOCK) as tar:
            while (member := tar.next()) is not None:
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or not _is_ours(member.name):
                    raise BackupError(f"this is no backup of a portal: it holds {member.name!r}")
                yield member.name, content
                _forget(tar)

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open a member.

        :raises BackupError: when there is none.
        """
        with _telling_damage(), closing(self.members()) as members:
            for found, content in members:
                if found == name:
                    yield content
                    return
        raise BackupError(f"this is no backup of a portal: it holds no {name}")

    def verify(
        self, progress: Callable[[int], None], check: Callable[[bytes, bytes], None] | None = None
    ) -> int:
        """Verify all members by their checksums, and the checksums by the signature.

        :param progress: called after each file with the number of files so far.
        :param check: raises for a wrong signature, given it and the digest of the checksums; None if no signature is
            required.
        :returns: the number of files.
        :raises BackupError: at the first file that differs from what was written, or when checksums or signature are
            missing.
        """
        number, digest, seen = 0, b"", 0
        with _telling_damage(), tempfile.TemporaryFile() as sums, closing(self.members()) as members:
            for name, content in members:
                if name == SIGNATURE:
                    if check:
                        check(content.read(), digest)
                    return number
                summed = _Summed(content)
                if name == SUMS:
                    number = _compare(sums, summed)
                    digest = summed.digest.digest()
                    continue
                while summed.read(BLOCK):
                    pass
                sums.write(_line(name, summed.digest.hexdigest()))
                seen += 1
                progress(seen)
        if not digest:
            raise BackupError("the backup is broken off: its sums are missing")
        if check:
            raise BackupError(
                "the backup is not signed: who made it, and whether it was changed, cannot be told"
            )
        return number


class _Summed:
    """A file whose digest is computed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


@contextmanager
def _telling_damage() -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"the backup is damaged or broken off: {error}") from error


def _compare(found: IO[bytes], written: "_Summed") -> int:
    """Compare the checksums line by line, and return their number."""
    found.seek(0)
    lines_read = 0
    # Members of an archive have no line iteration.
    with tempfile.TemporaryFile() as lines:
        shutil.copyfileobj(cast("IO[bytes]", written), lines, BLOCK)
        lines.seek(0)
        for here, there in zip_longest(found, lines):
            lines_read += 1
            if here != there:
                name = cast("bytes", here or there).decode(errors="replace").split("  ")[-1].strip()
                raise BackupError(f"the backup is damaged: {name} is not as it was written")
    return lines_read


def _forget(tar: Any) -> None:
    """Clear the list of members."""
    tar.members.clear()


def _line(name: str, digest: str) -> bytes:
    return f"{digest}  {name}\n".encode()


def _is_ours(name: str) -> bool:
    if name in (MANIFEST, DATABASE, LIST, SUMS, SIGNATURE):
        return True
    try:
        return name.startswith(FILES) and bool(check_key(name.removeprefix(FILES)))
    except InvalidKey:
        return False
