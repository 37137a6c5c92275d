"""Moving a portal to another database."""

from civicportal.tools.copying.errors import CopyError
from civicportal.tools.copying.service import Copied, copy_database

__all__ = ["Copied", "CopyError", "copy_database"]
