"""Units of work, services, and columns of a plugin's tables."""

from civicportal.core.db import NEVER, BigId, UTCDateTime, id_column, new_metadata, tagged_column
from civicportal.core.work import Service, Work

__all__ = ["NEVER", "BigId", "Service", "UTCDateTime", "Work", "id_column", "new_metadata", "tagged_column"]
