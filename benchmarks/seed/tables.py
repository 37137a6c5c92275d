"""Writing many rows: by COPY on PostgreSQL, by ``executemany`` on SQLite."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import JSON, Column, Connection, Table, insert, text

BATCH = 5000


class TableWriter:
    """Rows of one table; columns that a row does not name get the model's default.

    :param dialect: "postgresql" or "sqlite".
    :param names: the columns that rows name.
    """

    def __init__(self, dialect: str, model: type[Any], names: Iterable[str]) -> None:
        self.table: Table = model.__table__
        self._copies = dialect == "postgresql"
        given = set(names)
        self._columns: list[str] = []
        self._makers: list[Callable[[dict[str, Any]], Any]] = []
        for column in self.table.columns:
            self._add(column, column.name in given)

    def write(self, connection: Connection, rows: list[dict[str, Any]]) -> None:
        """Write rows in the transaction of a connection."""
        if self._copies:
            self._copy(connection, rows)
            return
        dumped = [dict(zip(self._columns, [make(row) for make in self._makers], strict=True)) for row in rows]
        for start in range(0, len(dumped), BATCH):
            connection.execute(insert(self.table), dumped[start : start + BATCH])

    def _copy(self, connection: Connection, rows: list[dict[str, Any]]) -> None:
        quoted = ", ".join(f'"{name}"' for name in self._columns)
        cursor: Any = connection.connection.cursor()
        with cursor.copy(f'COPY "{self.table.name}" ({quoted}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row([make(row) for make in self._makers])

    def _add(self, column: Column[Any], given: bool) -> None:
        default: Any = column.default
        if given:
            maker = _from_row(column.name, self._is_dumped(column))
        elif default is not None and default.is_scalar:
            maker = _constant(default.arg)
        elif default is not None and default.is_callable:
            value = default.arg(None)
            maker = _constant(json.dumps(value) if self._is_dumped(column) else value)
        else:
            return
        self._columns.append(column.name)
        self._makers.append(maker)

    def _is_dumped(self, column: Column[Any]) -> bool:
        # SQLAlchemy writes JSON by itself; COPY knows nothing of it.
        return self._copies and isinstance(column.type, JSON)


def _from_row(name: str, dumped: bool) -> Callable[[dict[str, Any]], Any]:
    if dumped:
        return lambda row: json.dumps(row[name], ensure_ascii=False)
    return lambda row: row.get(name)


def _constant(value: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda _row: value


def reset_sequence(connection: Connection, model: type[Any]) -> None:
    """Set PostgreSQL's sequences to the highest written id."""
    if connection.dialect.name == "postgresql" and "id" in model.__table__.columns:
        name = model.__table__.name
        query = "SELECT setval(pg_get_serial_sequence(:name, 'id'), (SELECT coalesce(max(id), 1) FROM {}))"
        connection.execute(text(query.format(name)), {"name": name})
