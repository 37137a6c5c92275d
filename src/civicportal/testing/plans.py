"""How the database would answer a query: what is quick with forty rows and takes minutes with a million shows here alone."""

from typing import Any

from sqlalchemy import Executable
from sqlalchemy.orm import Session


def plan(session: Session, query: Executable) -> str:
    """Return how the database would answer a query, a step to a line, as it says so itself: ``SCAN cases USING INDEX …``."""
    connection = session.connection()
    compiled: Any = query.compile(connection, compile_kwargs={"render_postcompile": True})  # type: ignore[attr-defined]  # queries have it
    values = compiled.construct_params()
    if connection.dialect.name == "sqlite":
        asked, values = "EXPLAIN QUERY PLAN ", tuple(values[name] for name in compiled.positiontup)
    else:
        asked = "EXPLAIN "
    return "\n".join(str(row[-1]) for row in connection.exec_driver_sql(asked + compiled.string, values))
