"""Query plans.

They show queries that are slow with a million rows only.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import ClauseElement, Connection, Executable, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

from civicportal.core.db import make_engines


class _Explained(Executable, ClauseElement):
    """An EXPLAIN of a query, with the query's own parameters."""

    inherit_cache = False

    def __init__(self, query: ClauseElement) -> None:
        self.query = query


@compiles(_Explained)
def _explain(element: _Explained, compiler: SQLCompiler, **options: object) -> str:
    asked = "EXPLAIN QUERY PLAN " if compiler.dialect.name == "sqlite" else "EXPLAIN "
    return asked + str(compiler.process(element.query, **options))


def plan(session: Session | Connection, query: ClauseElement) -> str:
    """Return the query plan, one line per step."""
    connection = session.connection() if isinstance(session, Session) else session
    return "\n".join(str(row[-1]) for row in connection.execute(_Explained(query)))


@contextmanager
def walking(url: str, *, sort: bool = False) -> Iterator[Connection]:
    """Return a connection on which PostgreSQL makes plans as for tables with rows.

    It supposes ten pages of rows in a table that was never filled nor analyzed; and here it neither sorts nor reads a
    whole table where there is an index to walk along. Plans of SQLite do not depend on sizes.

    :param url: of a database that was never filled: pages that deleted rows have left in an index count too.
    :param sort: whether it may sort, because what is to be sorted is always little.
    """
    engines = make_engines(url)
    try:
        with engines.write.connect() as connection:
            if engines.dialect == "postgresql":
                for setting in ("enable_seqscan", "enable_bitmapscan", *(() if sort else ("enable_sort",))):
                    connection.execute(select(func.set_config(setting, "off", False)))
            yield connection
    finally:
        engines.dispose()
