"""Query plans.

They show queries that are slow with a million rows only.
"""

from sqlalchemy import ClauseElement, Executable
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler


class _Explained(Executable, ClauseElement):
    """An EXPLAIN of a query, with the query's own parameters."""

    inherit_cache = False

    def __init__(self, query: ClauseElement) -> None:
        self.query = query


@compiles(_Explained)
def _explain(element: _Explained, compiler: SQLCompiler, **options: object) -> str:
    asked = "EXPLAIN QUERY PLAN " if compiler.dialect.name == "sqlite" else "EXPLAIN "
    return asked + str(compiler.process(element.query, **options))


def plan(session: Session, query: ClauseElement) -> str:
    """Return the query plan, one line per step."""
    return "\n".join(str(row[-1]) for row in session.connection().execute(_Explained(query)))
