"""Moving a portal to another database."""

from civicportal.tools.copying.errors import CopyError
from civicportal.tools.copying.service import CopyResult, copy_database

__all__ = ["CopyError", "CopyResult", "copy_database"]
