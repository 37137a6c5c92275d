"""Upserts of counters by statements that are compiled once per process.

SQLAlchemy compiles an INSERT of several rows each time it runs, which takes longer than executing it. On
PostgreSQL the rows are sent as arrays instead, whatever their number, and all tables in one statement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import add
from typing import Any

from sqlalchemy import Table, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from civicportal.core.db import Engines


@dataclass(frozen=True)
class Summed:
    """A table of counters.

    :ivar table: its primary key is what is counted.
    :ivar measures: names of the summed columns.
    """

    table: Table
    measures: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the names of the key columns."""
        return tuple(column.name for column in self.table.primary_key)

    def parameter(self, name: str) -> str:
        """Return the parameter name of a column."""
        return f"{self.table.name}_{name}"


Row = tuple[Any, ...]
"""Keys and increments: the values of the keys and of the measures, in order."""


class Counters:
    """Counter changes of a unit of work, written before its commit."""

    def __init__(self, other: "Counters | None" = None) -> None:
        self._rows: dict[Summed, dict[Row, Row]] = {}
        if other is not None:
            self._rows = {summed: dict(rows) for summed, rows in other._rows.items()}

    def add(self, summed: Summed, key: Row, values: Row) -> None:
        """Add numbers to a row.

        :param key: values of the primary key.
        :param values: a number for each measure.
        """
        rows = self._rows.setdefault(summed, {})
        before = rows.get(key)
        rows[key] = values if before is None else tuple(map(add, before, values))

    def write(self, engines: Engines, session: Session) -> None:
        """Write the sums, ordered by table name, and clear them."""
        named = sorted(self._rows.items(), key=lambda item: item[0].table.name)
        found = {
            summed: [key + values for key, values in rows.items() if any(values)] for summed, rows in named
        }
        self._rows.clear()
        add_up(engines, session, found)


def add_up(engines: Engines, session: Session, found: Mapping[Summed, Sequence[Row]]) -> None:
    """Add numbers to rows of counters, ordered by table and key.

    The fixed order prevents deadlocks. A missing row is inserted.
    """
    written = {summed: sorted(rows) for summed, rows in found.items() if rows}
    if not written:
        return
    connection = session.connection()
    if engines.dialect == "postgresql":
        connection.execute(_together(tuple(written)), _arrays(written))
        return
    for summed, rows in written.items():
        names = (*summed.keys, *summed.measures)
        connection.execute(_one_by_one(summed), [dict(zip(names, row, strict=True)) for row in rows])


def _arrays(written: Mapping[Summed, Sequence[Row]]) -> dict[str, list[object]]:
    return {
        summed.parameter(name): list(values)
        for summed, rows in written.items()
        for name, values in zip((*summed.keys, *summed.measures), zip(*rows, strict=True), strict=True)
    }


@cache
def _together(tables: tuple[Summed, ...]) -> Any:
    first, *others = [_from_arrays(summed) for summed in tables]
    named = zip(others, tables[1:], strict=True)
    return first.add_cte(*(statement.cte(f"to_{summed.table.name}") for statement, summed in named))


def _from_arrays(summed: Summed) -> Any:
    names = (*summed.keys, *summed.measures)
    arrays = (
        bindparam(summed.parameter(name), type_=postgresql.ARRAY(summed.table.c[name].type)) for name in names
    )
    rows = func.unnest(*arrays).table_valued(*names, name=f"of_{summed.table.name}").render_derived()
    return _adding(postgresql.insert(summed.table).from_select(names, select(*rows.c)), summed)


@cache
def _one_by_one(summed: Summed) -> Any:
    return _adding(sqlite.insert(summed.table), summed)


def _adding(statement: Any, summed: Summed) -> Any:
    added = {name: summed.table.c[name] + statement.excluded[name] for name in summed.measures}
    return statement.on_conflict_do_update(index_elements=summed.keys, set_=added)
