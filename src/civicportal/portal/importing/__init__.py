"""Moving in: cases, people, units and categories of an earlier system, from files."""

from civicportal.portal.importing.errors import ImportRefused, MappingError
from civicportal.portal.importing.mapping import ImportMapping
from civicportal.portal.importing.run import ImportSummary, import_files
from civicportal.portal.importing.undo import UndoResult, undo_batch

__all__ = [
    "ImportMapping",
    "ImportRefused",
    "ImportSummary",
    "MappingError",
    "UndoResult",
    "import_files",
    "undo_batch",
]
