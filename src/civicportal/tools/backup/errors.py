"""Errors of backups."""

from collections.abc import Iterator
from contextlib import contextmanager

from civicportal.util.errors import CivicportalError


class BackupError(CivicportalError):
    """A backup cannot be made or restored."""


@contextmanager
def telling(place: str) -> Iterator[None]:
    """Convert operating system errors to :class:`BackupError`.

    :param place: the target, if the error names no file.
    :raises BackupError: for such an error.
    """
    try:
        yield
    except OSError as error:
        raise BackupError(f"{error.filename or place}: {error.strerror or error}") from error
