"""What goes wrong with backups."""

from collections.abc import Iterator
from contextlib import contextmanager

from civicportal.util.errors import CivicportalError


class BackupError(CivicportalError):
    """A backup cannot be made or restored; the text says why, and what to do."""


@contextmanager
def telling(place: str) -> Iterator[None]:
    """Tell an error of the operating system, such as a full disk, in a line.

    :param place: what is worked on, where the error names no file.
    :raises BackupError: then.
    """
    try:
        yield
    except OSError as error:
        raise BackupError(f"{error.filename or place}: {error.strerror or error}") from error
