"""Exports of lists and figures as files."""

from civicportal.domain.exports.cases import CaseRow, CaseSource, case_columns
from civicportal.domain.exports.rows import export_rows
from civicportal.domain.exports.types import Column, Export, Figures, FigureTable, Masked, Offer

__all__ = [
    "CaseRow",
    "CaseSource",
    "Column",
    "Export",
    "FigureTable",
    "Figures",
    "Masked",
    "Offer",
    "case_columns",
    "export_rows",
]
