"""Types of SQL queries with the caller's columns."""

from typing import Any, TypeAlias

from sqlalchemy import FromClause, Row, Select, SQLColumnExpression
from sqlalchemy.orm import DeclarativeBase

Rows: TypeAlias = Select[*tuple[Any, ...]]
"""A query for columns that the caller chooses."""
Expression: TypeAlias = SQLColumnExpression[Any]
"""An expression of any type."""
Selected: TypeAlias = Expression | FromClause | type[DeclarativeBase]
"""What a query can select: an expression of any type, a table, an entity."""
Record: TypeAlias = tuple[Any, ...]
"""One row of such a query."""
NamedRecord: TypeAlias = Row[*tuple[Any, ...]]
"""The same, read by the names of its columns."""
