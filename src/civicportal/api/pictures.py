"""Stored pictures."""

from civicportal.domain.cases.attachments import PictureFiles

__all__ = ["PictureFiles"]
