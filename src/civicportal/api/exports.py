"""Exports of lists and figures as files."""

from civicportal.domain.exports.cases import CaseRow, CaseSource
from civicportal.domain.exports.types import Export, ExportColumn, Masked, StatisticsExport

__all__ = ["CaseRow", "CaseSource", "Export", "ExportColumn", "Masked", "StatisticsExport"]
