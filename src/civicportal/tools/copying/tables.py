"""Tables in their stored form, and digests.

The digests do not depend on the kind of database.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    DDL,
    JSON,
    ColumnElement,
    Connection,
    Enum,
    Executable,
    String,
    Table,
    Text,
    TypeDecorator,
    cast,
    func,
    select,
    type_coerce,
)
from sqlalchemy.types import TypeEngine

from civicportal.core.db import UTCDateTime
from civicportal.core.migration.packages import packages
from civicportal.domain.ownership.models import PortalMark
from civicportal.tools.backup.databases import Figure, digest_of
from civicportal.util.queries import Rows

if TYPE_CHECKING:
    from civicportal.core.site import Site

READ_AT_ONCE = 1000
"""Rows that are held in memory."""

Canonical = Callable[[Any], object]
"""Converts a stored value to one that is equal on all databases."""


@dataclass(frozen=True)
class CopiedTable:
    """A table of the core or of a plugin.

    :ivar table: as its models declare it.
    """

    table: Table

    @property
    def name(self) -> str:
        """Return the name of the table."""
        return self.table.name

    @property
    def key(self) -> list[str]:
        """Return the names of the columns that order the rows."""
        return [column.name for column in self.table.primary_key] or list(self.table.columns.keys())

    @property
    def refers_to_itself(self) -> bool:
        """Return whether rows may reference later ones.

        All rows must be written at once then.
        """
        return any(key.column.table is self.table for key in self.table.foreign_keys)

    @property
    def counter(self) -> str:
        """Return the autoincrement column, or ""."""
        column = self.table.autoincrement_column
        return column.name if column is not None else ""

    @cached_property
    def types(self) -> list[TypeEngine[Any]]:
        """Return the type in which each column is stored."""
        return [_stored_type(column.type) for column in self.table.columns]

    def ddl(self, statement: str) -> Executable:
        """Return a statement that names the table ``%(fullname)s``."""
        make: Any = DDL
        found: Executable = make(statement).against(self.table)
        return found

    def query(self, offset: int = 0) -> Rows:
        """Return a query of the stored values of all rows in the order of their key.

        JSON is read as text.

        :param offset: rows left out at the beginning.
        """
        rows = self._columns().order_by(*(self.table.columns[name] for name in self.key))
        return rows.offset(offset) if offset else rows

    def count(self, connection: Connection) -> int:
        """Return the number of rows."""
        return connection.scalar(select(func.count()).select_from(self.table)) or 0

    def figure(self, connection: Connection) -> Figure:
        """Return the number of rows and their digest, equal on all databases for equal values."""
        return digest_of(map(self.canonical, self._stream(connection, self._columns())))

    def rows(self, connection: Connection, offset: int = 0) -> Iterator[Sequence[object]]:
        """Yield the stored values of the rows."""
        return self._stream(connection, self.query(offset))

    def canonical(self, row: Sequence[object]) -> tuple[object, ...]:
        """Return the values of a row without what depends on the database."""
        values = list(row)
        for place, canonical in self._canonical:
            if values[place] is not None:
                values[place] = canonical(values[place])
        return tuple(values)

    def _columns(self) -> Rows:
        return select(*map(_stored, self.table.columns, self.types))

    def _stream(self, connection: Connection, query: Rows) -> Iterator[Sequence[object]]:
        with connection.execute(query.execution_options(yield_per=READ_AT_ONCE)) as result:
            yield from result

    @cached_property
    def _canonical(self) -> list[tuple[int, Canonical]]:
        found = ((place, _canonical_of(type_)) for place, type_ in enumerate(self.types))
        return [(place, canonical) for place, canonical in found if canonical]


def tables_of(site: "Site") -> list[CopiedTable]:
    """Return the tables of core and plugins, referenced ones first, without the marks of the portal."""
    found = [table for package in packages(site) for table in package.metadata.sorted_tables]
    return [CopiedTable(table) for table in found if table.name != PortalMark.__tablename__]


def _stored_type(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return the storage type, without a model's conversions.

    Thus values are copied unchanged.
    """
    while isinstance(type_, TypeDecorator) and not isinstance(type_, UTCDateTime):
        type_ = type_.impl_instance
    if getattr(type_, "timezone", False) and type_.python_type is datetime:
        return UTCDateTime()
    return String() if isinstance(type_, Enum) else type_


def _stored(column: ColumnElement[object], type_: TypeEngine[Any]) -> ColumnElement[object]:
    # An absent value and the JSON value null are read as the same otherwise.
    return cast(column, Text) if isinstance(type_, JSON) else type_coerce(column, type_)


def _canonical_of(type_: TypeEngine[Any]) -> Canonical | None:
    if isinstance(type_, JSON):
        return _canonical_json
    try:
        python = type_.python_type
    except NotImplementedError:
        return None
    by_type: dict[type, Canonical] = {
        datetime: _canonical_time,
        Decimal: _canonical_number,
        float: _canonical_float,
    }
    return by_type.get(python)


def _canonical_json(value: str) -> str:
    return json.dumps(json.loads(value), sort_keys=True)


def _canonical_time(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _canonical_number(value: Decimal | float) -> Decimal:
    return Decimal(str(value)).normalize()


def _canonical_float(value: float) -> float:
    # SQLite knows no negative zero.
    return value + 0.0
