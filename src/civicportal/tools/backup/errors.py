"""Errors of backups."""

from collections.abc import Iterator
from contextlib import contextmanager

from civicportal.util.errors import CivicportalError


class BackupError(CivicportalError):
    """A backup cannot be made or restored; the message says why, and what to do."""


@contextmanager
def telling(place: str) -> Iterator[None]:
    """Convert an error of the operating system, such as a full disk, into a :class:`BackupError`.

    :param place: the target, if the error names no file.
    :raises BackupError: then.
    """
    try:
        yield
    except OSError as error:
        raise BackupError(f"{error.filename or place}: {error.strerror or error}") from error
