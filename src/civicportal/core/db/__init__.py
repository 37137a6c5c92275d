"""Engine, declarative base and column types.

Readers and writers share one pool. On SQLite a writer uses ``BEGIN IMMEDIATE`` behind a fair process lock, so that
writers queue in order instead of polling a busy database; a reader uses ``BEGIN``. On PostgreSQL a reader uses
autocommit: each statement sees committed data, as in a ``READ COMMITTED`` transaction, and two round trips
are saved.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import (
    BigInteger,
    Connection,
    CursorResult,
    DateTime,
    Dialect,
    Engine,
    FromClause,
    Integer,
    MetaData,
    Result,
    String,
    TypeDecorator,
    bindparam,
    column,
    create_engine,
    func,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from civicportal.core.db.connections import WRITE, prepare_postgresql, prepare_sqlite, refuse_writes
from civicportal.core.db.servers import (
    connection_parameters,
    follow_primary,
    notice_lost_servers,
    parse_address,
)
from civicportal.util.errors import ConfigurationError, NotFound

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

#: Ids that other packages may reference. SQLite autoincrements only an ``INTEGER`` primary key.
BigId = BigInteger().with_variant(Integer, "sqlite")

_TRANSACTION: dict[str, dict[str, str]] = {"sqlite": {}, "postgresql": {"isolation_level": "READ COMMITTED"}}

#: The oldest major version of PostgreSQL that is supported.
OLDEST_POSTGRESQL = 14

#: The deadline of a case without one: a sort key is never NULL.
NEVER = datetime(9000, 1, 1, tzinfo=UTC)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> datetime | None:
        """Convert to UTC; refuse naive values."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _: Dialect) -> datetime | None:
        """Mark SQLite's naive values as UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def new_metadata() -> MetaData:
    """Return a ``MetaData`` with the naming convention; each plugin has its own."""
    return MetaData(naming_convention=NAMING_CONVENTION)


class Base(DeclarativeBase):
    """Base of the core's models."""

    metadata = new_metadata()
    type_annotation_map = {datetime: UTCDateTime}


Row = TypeVar("Row", bound=Base)


def tagged_column(
    *args: Any,
    pii: str | None = None,
    erase: str = "keep",
    sealed: bool = False,
    person: str | None = None,
    of: str | None = None,
    export: bool = True,
    translated: str = "",
    **kwargs: Any,
) -> Mapped[Any]:
    """``mapped_column`` with the privacy tags that every column carries; ``docs/security/privacy.md`` explains them.

    :param pii: None, "contact" (name, mobile), "identity" (national code, birth date) or "content" (texts, pictures).
    :param erase: effect of an erasure: "null" the value, delete the "row", or "keep".
    :param sealed: encrypted by ``site.keys.encrypt``, and re-encrypted when the site's keys change. It is found by a
        column ``<name>_index`` with ``site.keys.blind_index`` of the normalised value.
    :param person: this column identifies the owner of the row: "user" by id, "case" by a case of theirs, "mobile" in
        E.164; empty for none. ``user_id`` is "user" by default, else ``case_id`` is "case".
    :param of: the column that identifies the owner of this value, if it is not the owner of the row.
    :param export: False for data that a person does not get in their export: secrets, internal texts.
    :param translated: "required" for a text that citizens see, "optional" for one that may lack a translation; see
        :mod:`civicportal.core.translated`.
    """
    info = {"pii": pii, "erase": erase, "sealed": sealed, "person": person, "of": of, "export": export}
    if translated:
        info["translated"] = translated
    return mapped_column(*args, info=info, **kwargs)


def id_column(person: str | None = None) -> Mapped[int]:
    """Return the primary key column of a core or plugin table.

    :param person: as for :func:`tagged_column`, for the tables of people and cases themselves.
    """
    return tagged_column(BigId, primary_key=True, autoincrement=True, person=person)


def table_of(rows: Collection[tuple[str, int]], dialect: str) -> FromClause:
    """Return a table value with the columns ``name`` and ``number``.

    It is sent as one or two parameters whatever its length.
    """
    if dialect == "postgresql":
        names = bindparam(None, [name for name, _number in rows], type_=postgresql.ARRAY(String))
        numbers = bindparam(None, [number for _name, number in rows], type_=postgresql.ARRAY(BigInteger))
        table = func.unnest(names, numbers).table_valued(column("name", String), column("number", BigInteger))
        return table.render_derived()
    row = func.json_each(json.dumps(list(rows))).table_valued("value").c.value
    name, number = func.json_extract(row, "$[0]"), func.json_extract(row, "$[1]")
    return select(type_coerce(name, String).label("name"), number.label("number")).subquery()


def insert_into(dialect: str, table: Any) -> postgresql.Insert | sqlite.Insert:
    """Return an ``INSERT`` that supports ON CONFLICT.

    :param dialect: "sqlite" or "postgresql".
    """
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


class Engines:
    """The engines of one connection pool.

    :ivar read: for reading statements.
    :ivar steady: for reading in one transaction.
    :ivar write: for writing transactions.
    """

    def __init__(self, engine: Engine) -> None:
        self.read = engine
        self.write = engine.execution_options(**{WRITE: True, **_TRANSACTION[engine.dialect.name]})
        self.steady = engine.execution_options(**_TRANSACTION[engine.dialect.name])

    @property
    def dialect(self) -> str:
        """Return "sqlite" or "postgresql"."""
        return self.read.dialect.name

    @property
    def address(self) -> str:
        """Return the URL of the database without its password; the file of SQLite with its folder."""
        url = self.read.url._replace(password=None)
        if self.dialect == "sqlite" and url.database and url.database != ":memory:":
            url = url.set(database=str(Path(url.database).absolute()))
        return url.render_as_string()

    def insert(self, table: Any) -> postgresql.Insert | sqlite.Insert:
        """Return an ``INSERT`` that supports ON CONFLICT."""
        return insert_into(self.dialect, table)

    def dispose(self) -> None:
        """Close all pooled connections."""
        self.read.dispose()


def make_engines(url: str, *, statement_timeout: float = 3.0, lock_timeout: float = 2.0) -> Engines:
    """Create the engines of a database URL.

    :param url: ``sqlite:///…`` or ``postgresql+psycopg://…``, which may list several servers.
    :param statement_timeout: seconds, on PostgreSQL.
    :param lock_timeout: seconds, on PostgreSQL.
    :raises ConfigurationError: for any other database, and for one in memory.
    """
    address = parse_address(url)
    kind = address.get_backend_name()
    if kind == "sqlite":
        if address.database in (None, "", ":memory:"):
            raise ConfigurationError(
                "site.database_url: it names no file, as in sqlite:////var/lib/portal/portal.db"
            )
        engine = create_engine(address, pool_size=10, max_overflow=20)
        prepare_sqlite(engine)
    elif kind == "postgresql":
        settings = {
            "statement_timeout": int(statement_timeout * 1000),
            "lock_timeout": int(lock_timeout * 1000),
            # JIT compilation costs more than short statements take. Parallel workers are started for each statement:
            # they hardly help a single one, and two concurrent statements take twice as long on two cores.
            "jit": "off",
            "max_parallel_workers_per_gather": 0,
        }
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        engine = create_engine(
            address.set(drivername="postgresql+psycopg"),
            pool_size=10,
            max_overflow=20,
            isolation_level="AUTOCOMMIT",
            connect_args={**connection_parameters(address), "options": options},
        )
        prepare_postgresql(engine)
        follow_primary(engine)
        notice_lost_servers(engine)
    else:
        raise ConfigurationError(f"site.database_url: {kind} is neither sqlite nor postgresql")
    refuse_writes(engine)
    return Engines(engine)


def check_database(engines: Engines) -> None:
    """Refuse an unsupported PostgreSQL server or character type.

    :raises ConfigurationError: with the remedy.
    """
    if engines.dialect != "postgresql":
        return
    query = text(
        "SELECT datctype, current_setting('server_version_num')::int / 10000 AS version"
        " FROM pg_database WHERE datname = current_database()"
    )
    with engines.read.connect() as connection:
        ctype, version = connection.execute(query).one()
    if version < OLDEST_POSTGRESQL:
        raise ConfigurationError(
            f"site.database_url: the server is PostgreSQL {version}; install {OLDEST_POSTGRESQL} or newer, and move the"
            " database with pg_dump"
        )
    if ctype in ("C", "POSIX"):
        raise ConfigurationError(
            f"site.database_url: the database has LC_CTYPE {ctype!r}, which knows no Persian letters. Create it with "
            "CREATE DATABASE civicportal TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8';"
        )


def fetch_row(session: Session, table: type[Row], row_id: int, *, lock: bool = False) -> Row:
    """Return a row by its id.

    :param lock: lock it for update (``FOR UPDATE``).
    :raises NotFound: when there is none.
    """
    query = select(table).where(table.__table__.c.id == row_id)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise NotFound(f"no row {row_id} in {table.__tablename__}")
    return row


def changed_rows(result: Result[*tuple[object, ...]]) -> int:
    """Return the number of rows changed by a statement."""
    return cast("CursorResult[*tuple[object, ...]]", result).rowcount


@contextmanager
def without_triggers(
    connection: Connection, drop: Iterable[str], create: Iterable[str], fit: Callable[[Connection], bool]
) -> Iterator[None]:
    """Temporarily drop triggers of SQLite in a transaction.

    A rollback restores them. On PostgreSQL nothing is dropped.

    :param drop: statements; a missing trigger is ignored.
    :param create: statements that create them again.
    :param fit: returns whether the tables are new enough for them afterwards.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    for statement in drop:
        connection.execute(text(statement))
    yield
    if fit(connection):
        for statement in create:
            connection.execute(text(statement))


@contextmanager
def short_transaction(engines: Engines) -> Iterator[Connection]:
    """Yield a connection in a separate writing transaction, for counts that must survive a rollback."""
    with engines.write.begin() as connection:
        yield connection
