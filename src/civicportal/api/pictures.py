"""Stored pictures."""

from civicportal.core.storage import FileMissing, process_image, scaled, store_variant
from civicportal.domain.cases.attachments import drop_files, store_files

__all__ = ["FileMissing", "drop_files", "process_image", "scaled", "store_files", "store_variant"]
