"""Moving a portal from one database to another, such as from SQLite to PostgreSQL."""

from civicportal.tools.copying.errors import CopyError
from civicportal.tools.copying.service import Copied, copy_database

__all__ = ["Copied", "CopyError", "copy_database"]
