"""Exports of lists and figures as files."""

from civicportal.domain.exports.cases import CaseRow, CaseSource
from civicportal.domain.exports.types import Export, ExportColumn, FiguresExport, Masked

__all__ = ["CaseRow", "CaseSource", "Export", "ExportColumn", "FiguresExport", "Masked"]
