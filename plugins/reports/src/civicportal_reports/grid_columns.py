"""Cells of the grid in SQL.

Rows and columns of cells from columns of degrees, equal to :mod:`civicportal_reports.grid`.
"""

from sqlalchemy import ColumnElement, Float, Integer, SQLColumnExpression, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from civicportal_reports.grid import columns_per_degree, rows_per_degree


class _Whole(FunctionElement[int]):
    """The floor of a non-negative number."""

    type = Integer()
    name = "whole"
    inherit_cache = True


@compiles(_Whole)
def _floor(element: _Whole, compiler: SQLCompiler, **options: object) -> str:
    return f"CAST(floor({compiler.process(element.clauses, **options)}) AS INTEGER)"


@compiles(_Whole, "sqlite")
def _cut(element: _Whole, compiler: SQLCompiler, **options: object) -> str:
    # floor() is a Python function there, a hundred times slower.
    return f"CAST({compiler.process(element.clauses, **options)} AS INTEGER)"


Degrees = SQLColumnExpression[float] | SQLColumnExpression[float | None] | float
"""Degrees in SQL."""


def cell_columns(lat: Degrees, lon: Degrees, level: int) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Return row and column of a point's cell in SQL."""
    row = _Whole((lat + _constant(90.0)) * _constant(rows_per_degree(level)))
    return row, _Whole((lon + _constant(180.0)) * _constant(columns_per_degree(level)))


def _constant(value: float) -> ColumnElement[float]:
    # Literals, so that PostgreSQL sees the same expression in SELECT and GROUP BY.
    return literal_column(repr(value), Float)
