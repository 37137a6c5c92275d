"""Stored pictures."""

from civicportal.domain.cases.attachments import PictureFiles
from civicportal.domain.cases.uploads import take_files

__all__ = ["PictureFiles", "take_files"]
