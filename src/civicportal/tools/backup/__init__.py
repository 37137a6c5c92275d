"""Backups of a whole portal: made while it runs, verified by restoring them, restored completely or not at all."""

from civicportal.tools.backup.errors import BackupError

__all__ = ["BackupError"]
