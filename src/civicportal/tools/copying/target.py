"""The target of a copy.

It is empty, or the same copy was begun in it.
"""

import json
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import JSON, Connection, Text, column, delete, exists, insert, inspect, select, table, text

from civicportal.core.db import check_database
from civicportal.core.migration import state as migrate_state
from civicportal.core.migration.connection import dedicated_engine
from civicportal.domain.audit.append_only import without_guards
from civicportal.domain.cases.search_index import SearchIndex
from civicportal.domain.kartable.copies import without_copies
from civicportal.domain.organization.models import Seed
from civicportal.domain.ownership.models import COPYING, MOVED
from civicportal.portal import upgrade as migrate
from civicportal.tools.backup.databases import Figures
from civicportal.tools.copying.errors import CopyError, explaining
from civicportal.tools.copying.source import MARKS, PATIENCE, SourceDatabase
from civicportal.tools.copying.tables import CopiedTable
from civicportal.util.errors import ConfigurationError

if TYPE_CHECKING:
    from psycopg import Error

    from civicportal.core.site import Site

BATCH = 2000
"""Rows in one transaction."""
SEARCH = "case_search"
"""The search index, which is rebuilt: begin of the names of its tables."""
WRITTEN_BY_MIGRATIONS = {MARKS.name, Seed.__tablename__}
"""Tables in which ``civicportal db upgrade`` writes rows before a portal has any content."""
LOCK = 0x636F7079
"""Key of PostgreSQL's advisory lock on a target: "copy"."""
SETTINGS = text(
    "SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '10s', true),"
    " set_config('timezone', 'UTC', true)"
)
"""Begins each transaction on PostgreSQL: the settings are those of the transaction."""


@dataclass(frozen=True, kw_only=True)
class CopyMark:
    """The record of a copy in the target.

    :ivar copy: random id.
    :ivar portal: id of the portal.
    :ivar rows: number of rows and digest of each table of the source.
    """

    copy: str
    portal: str
    rows: Figures

    @classmethod
    def of(cls, value: str) -> Self:
        """Read the mark of the target."""
        found = json.loads(value)
        rows = {name: (int(count), str(digest)) for name, (count, digest) in found["rows"].items()}
        return cls(copy=found["copy"], portal=found["portal"], rows=rows)

    def written(self) -> str:
        """Return the mark of the target."""
        return json.dumps({"copy": self.copy, "portal": self.portal, "rows": self.rows})


class TargetDatabase:
    """The database of a site that is copied into."""

    def __init__(self, site: "Site", connection: Connection, tables: list[CopiedTable]) -> None:
        self.place = site.engines.address
        self._site = site
        self._connection = connection
        self._tables = tables

    @property
    def is_postgresql(self) -> bool:
        """Return whether it is a PostgreSQL database."""
        return self._connection.dialect.name == "postgresql"

    def marks(self) -> dict[str, str]:
        """Return the values of the marks by name.

        It is empty if there are none or no tables.
        """
        with self._transaction() as connection:
            if not inspect(connection).has_table(MARKS.name):
                return {}
            return {row.name: row.value for row in connection.execute(select(MARKS))}

    def refuse_unfit(self) -> None:
        """Refuse a database with unsuitable tables or rights.

        :raises CopyError: with the remedy.
        """
        try:
            check_database(self._site.engines)
        except ConfigurationError as error:
            raise CopyError(f"{self.place}: {str(error).removeprefix('site.database_url: ')}") from None
        if self.is_postgresql:
            self._refuse_missing_rights()
        others = [
            f"{one.name} at {one.current}, not {one.head}"
            for one in migrate_state.current(self._site)
            if one.current not in (None, one.head)
        ]
        if others:
            raise CopyError(
                f"{self.place}: its tables are not those of the installed code ({', '.join(others)}): name an empty database"
            )
        if foreign := self._foreign_tables():
            raise CopyError(
                f"{self.place}: it has tables that are not a portal's ({', '.join(foreign[:5])}): name an empty database"
            )

    def refuse_filled(self) -> None:
        """Refuse a database with rows.

        :raises CopyError: with the remedy.
        """
        with self._transaction() as connection:
            present = set(inspect(connection).get_table_names())
            names = [one.table for one in self._tables if one.name in present - WRITTEN_BY_MIGRATIONS]
            filled = [each.name for each in names if connection.scalar(select(exists().select_from(each)))]
        if filled:
            raise CopyError(
                f"{self.place}: it has rows ({', '.join(filled[:5])}) of another portal, or of an older copy: name an empty"
                " database, or DROP and CREATE this one if it is not needed"
            )

    def begin(self, portal: str, rows: Figures, copy: str = "") -> CopyMark:
        """Create and empty the tables, and record the copy.

        The portal does not start on them until it has ended.

        :param copy: id of an earlier copy that begins again.
        """
        migrate.upgrade(self._site)
        self._site.engines.dispose()
        begun = CopyMark(copy=copy or secrets.token_hex(8), portal=portal, rows=rows)
        with self._transaction() as connection:
            with without_copies(connection), without_guards(connection):
                for one in reversed(self._tables):
                    if self.is_postgresql:
                        connection.execute(one.ddl("TRUNCATE %(fullname)s CASCADE"))
                    else:
                        connection.execute(delete(one.table))
            connection.execute(delete(MARKS))
            now = self._site.clock.now()
            connection.execute(insert(MARKS).values(name=COPYING, value=begun.written(), at=now))
            if self.is_postgresql:
                # Built again over all cases at the end.
                connection.execute(text("DROP INDEX IF EXISTS ix_case_search_doc"))
        return begun

    def count(self, one: CopiedTable) -> int:
        """Return the number of rows of a table."""
        with self._transaction() as connection:
            return one.count(connection)

    def figure(self, one: CopiedTable) -> tuple[int, str]:
        """Return the number of rows and the digest of a table."""
        with self._transaction() as connection:
            return one.figure(connection)

    def write(self, one: CopiedTable, rows: Iterator[Sequence[object]]) -> int:
        """Write the next rows in one transaction.

        Triggers do not run: what they would write is copied as well.

        :returns: their number, 0 at the end.
        """
        batch = rows if one.refers_to_itself else islice(rows, BATCH)
        with self._transaction() as connection:
            if self.is_postgresql:
                return _copy_in(connection, one, batch)
            with without_copies(connection), without_guards(connection):
                return _insert(connection, one, list(batch))

    def build(self, positions: Mapping[str, int]) -> None:
        """Build derived data: counters of ids, the search index, statistics of the planner.

        :param positions: the highest id that each table has given.
        """
        with self._transaction() as connection:
            for one in self._tables:
                if positions.get(one.name):
                    _set_position(connection, one, positions[one.name])
        SearchIndex(self._site.engines).build()
        self._site.engines.dispose()
        if self.is_postgresql:
            with self._transaction() as connection:
                connection.execute(text("ANALYZE"))

    def end(self, source: SourceDatabase) -> None:
        """Make this the database of the portal."""
        rows = [dict(row._mapping) for name, row in source.marks.items() if name != MOVED]
        with self._transaction() as connection:
            connection.execute(delete(MARKS))
            connection.execute(insert(MARKS), rows)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._connection.begin():
            if self.is_postgresql:
                self._connection.execute(SETTINGS)
            yield self._connection

    def _refuse_missing_rights(self) -> None:
        rights = text(
            "SELECT current_user AS role, current_schema() AS schema,"
            " coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create,"
            " current_setting('transaction_read_only') = 'on' AS is_read_only"
        )
        owners = text(
            "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')"
            " AND relname = ANY(:names) AND NOT pg_has_role(relowner, 'USAGE') ORDER BY relname"
        )
        names = [MARKS.name, *(one.name for one in self._tables)]
        with self._transaction() as connection:
            found = connection.execute(rights).one()
            others = connection.scalars(owners, {"names": names}).all()
        if found.is_read_only:
            raise CopyError(f"{self.place}: it takes no writes: name the primary server")
        if not found.may_create:
            schema = found.schema or "public"
            raise CopyError(
                f"{self.place}: the role {found.role} may not create tables in the schema {schema}: as its owner,"
                f" GRANT CREATE, USAGE ON SCHEMA {schema} TO {found.role}, or make {found.role} the owner of the database"
            )
        if others:
            raise CopyError(
                f"{self.place}: the role {found.role} does not own the tables ({', '.join(others[:5])}): use the role that"
                " owns them, or name an empty database"
            )

    def _foreign_tables(self) -> list[str]:
        with self._transaction() as connection:
            present = set(inspect(connection).get_table_names())
            if self.is_postgresql:
                of_extensions = text(
                    "SELECT relname FROM pg_class JOIN pg_depend ON objid = pg_class.oid AND deptype = 'e'"
                    " WHERE relnamespace = current_schema()::regnamespace"
                )
                present -= set(connection.scalars(of_extensions))
        known = {MARKS.name, *(one.name for one in self._tables)}
        known |= {package.version_table for package in migrate.packages(self._site)}
        return sorted(name for name in present - known if not name.startswith(SEARCH))


@contextmanager
def open_target(site: "Site", tables: list[CopiedTable]) -> Iterator[TargetDatabase]:
    """Yield the target; on PostgreSQL no second copy into it can run.

    :raises CopyError: when the database does not answer, or another copy into it runs.
    """
    place = site.engines.address
    engine = dedicated_engine(site.engines)
    try:
        with explaining(place), engine.connect() as connection, engine.connect() as lock:
            if engine.dialect.name == "postgresql":
                lock.execution_options(isolation_level="AUTOCOMMIT")
                _lock(lock, place)
            yield TargetDatabase(site, connection, tables)
    finally:
        engine.dispose()


def _lock(connection: Connection, place: str) -> None:
    # The server keeps the lock of a copy that was interrupted until it notices that its connection is gone. A statement
    # that waited for the lock would hold back a CREATE INDEX CONCURRENTLY of a copy that does run.
    until = time.monotonic() + PATIENCE
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK}):
        if time.monotonic() > until:
            raise CopyError(f"{place}: another copy into it runs: wait for its end, or stop it")
        time.sleep(0.1)  # PostgreSQL announces no end of a connection


def _copy_in(connection: Connection, one: CopiedTable, rows: Iterator[Sequence[object]]) -> int:
    from psycopg import Error
    from psycopg.sql import SQL, Identifier

    connection.execute(one.ddl("ALTER TABLE %(fullname)s DISABLE TRIGGER USER"))
    names = SQL(", ").join(map(Identifier, one.table.columns.keys()))
    statement = SQL("COPY {} ({}) FROM STDIN").format(Identifier(one.name), names)
    places = [one.table.columns.keys().index(name) for name in one.key]
    keys = []
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                keys.append(tuple(row[place] for place in places))
                copy.write_row(row)
    except Error as error:
        raise CopyError(_refused_row(one, keys, error)) from None
    connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    connection.execute(one.ddl("ALTER TABLE %(fullname)s ENABLE TRIGGER USER"))
    return len(keys)


def _refused_row(one: CopiedTable, keys: list[tuple[object, ...]], error: "Error") -> str:
    """Return the refused row and the reason, without values.

    They may be personal.
    """
    context = error.diag.context or ""
    line = re.search(r"line (\d+)", context)
    column_name = re.search(r"column (\w+)", context)
    is_known = bool(line) or not error.diag.sqlstate
    key = keys[int(line[1]) - 1 if line else -1] if is_known and keys else None
    row = f" the row {key[0] if len(key) == 1 else key}" if key else " a row"
    place = f" in {column_name[1]}" if column_name else ""
    reason = (error.diag.message_primary or str(error)).partition(': "')[0]
    return (
        f"PostgreSQL refuses{row} of {one.name}{place}: {reason}: correct it in the source, then run the same command"
        " again"
    )


def _insert(connection: Connection, one: CopiedTable, rows: list[Sequence[object]]) -> int:
    types = [Text() if isinstance(type_, JSON) else type_ for type_ in one.types]
    names = one.table.columns.keys()
    stored = table(one.name, *map(column, names, types))
    if rows:
        connection.execute(insert(stored), [dict(zip(names, row, strict=True)) for row in rows])
    return len(rows)


def _set_position(connection: Connection, one: CopiedTable, position: int) -> None:
    if connection.dialect.name == "postgresql":
        query = text("SELECT setval(pg_get_serial_sequence(:table, :column), :position)")
        connection.execute(query, {"table": one.name, "column": one.counter, "position": position})
        return
    named = {"table": one.name, "position": position}
    connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), named)
    counting = text(
        "INSERT INTO sqlite_sequence (name, seq) SELECT name, :position FROM sqlite_master"
        " WHERE type = 'table' AND name = :table AND sql LIKE '%AUTOINCREMENT%'"
    )
    connection.execute(counting, named)
