"""What goes wrong with backups."""

from civicportal.errors import CivicportalError


class BackupError(CivicportalError):
    """A backup cannot be made or restored; the text says why, and what to do."""
