"""Taking a whole portal away in one file, and bringing it back: database first, files second."""

from civicportal.backup.errors import BackupError
from civicportal.backup.making import make_backup
from civicportal.backup.restoring import restore_backup

__all__ = ["BackupError", "make_backup", "restore_backup"]
