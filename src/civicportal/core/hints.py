"""What SQLite's planner is told, for it keeps no numbers of its rows: see docs/performance-notes.md. PostgreSQL chooses by itself."""

from typing import Any

from sqlalchemy import Boolean, ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.visitors import InternalTraversal


class Unindexed(ColumnElement[Any]):
    """A column by whose index SQLite looks for no rows; elsewhere it is the column.

    SQLite knows no numbers of its rows. A subquery for each row of another table it answers by whatever index it meets
    first, be it that of all lines of a unit, and so reads hundreds of thousands of rows for each of a thousand.
    """

    inherit_cache = True
    __visit_name__ = "unindexed"
    _traverse_internals = [("column", InternalTraversal.dp_clauseelement)]

    def __init__(self, column: Any) -> None:
        self.column = coercions.expect(roles.ExpressionElementRole, column)
        self.type = self.column.type


class Rare(ColumnElement[bool]):
    """A condition of which SQLite is told that few rows fulfil it, so that it looks for these first; elsewhere it is the condition."""

    inherit_cache = True
    __visit_name__ = "rare"
    _traverse_internals = [("condition", InternalTraversal.dp_clauseelement)]
    type = Boolean()

    def __init__(self, condition: ColumnElement[bool]) -> None:
        self.condition = condition

    def self_group(self, against: Any = None) -> "Rare":  # noqa: ARG002 - SQLAlchemy names it
        """Stand in any context as a function does; compared with 1, as SQLAlchemy would, it tells SQLite nothing."""
        return self


@compiles(Rare)
def _as_it_is(element: Rare, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.condition, **options))


@compiles(Rare, "sqlite")
def _as_rare(element: Rare, compiler: Any, **options: Any) -> str:
    return f"likelihood({compiler.process(element.condition, **options)}, 0.001)"


@compiles(Unindexed)
def _plain(element: Unindexed, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.column, **options))


@compiles(Unindexed, "sqlite")
def _with_a_sign(element: Unindexed, compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(element.column, **options)}"
