"""How the database would answer a query: what is quick with forty rows and takes minutes with a million shows here alone."""

from typing import Any

from sqlalchemy import ClauseElement, Executable
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session


class _Explained(Executable, ClauseElement):
    """A query that is not answered but explained, its values sent as the query sends them."""

    inherit_cache = False

    def __init__(self, query: Executable) -> None:
        self.query = query


@compiles(_Explained)
def _explain(element: _Explained, compiler: Any, **options: Any) -> str:
    asked = "EXPLAIN QUERY PLAN " if compiler.dialect.name == "sqlite" else "EXPLAIN "
    return asked + str(compiler.process(element.query, **options))


def plan(session: Session, query: Executable) -> str:
    """Return how the database would answer a query, a step to a line, as it says so itself: ``SCAN cases USING INDEX …``."""
    return "\n".join(str(row[-1]) for row in session.connection().execute(_Explained(query)))
