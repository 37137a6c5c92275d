"""Preparation of database connections.

SQLite gets a queue of writers, PostgreSQL a check that an idle connection is still alive.
"""

import re
import select
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from civicportal.util.errors import ReadOnlyWork

if TYPE_CHECKING:
    import sqlite3

WRITE = "civicportal_write"
PLANNED_EACH_TIME = "planned"
"""Prefix of the name of a parameter by whose value PostgreSQL plans the statement each time."""
ASK = 30.0
"""Idle seconds after which PostgreSQL is pinged: a network may drop connections silently."""
TURNING_ON = 10.0
"""Seconds."""
WRITER_SECONDS = 10.0
"""How long SQLite waits for another writer, of the same process or of another."""
_OWNER = "civicportal_writer"
_SINCE = "civicportal_idle_since"


_WRITES = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|MERGE|REPLACE|TRUNCATE)\b", re.IGNORECASE).match


class FairLock:
    """A fair lock that refuses re-entry by its thread."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiters: deque[threading.Event] = deque()
        self._holder: int | None = None

    def acquire(self, timeout: float) -> None:
        """Take the lock.

        :param timeout: maximum seconds to wait.
        :raises RuntimeError: when this thread already holds it (a second writer inside an open one).
        :raises TimeoutError: when it was not free in time.
        """
        me = threading.get_ident()
        turn = threading.Event()
        with self._guard:
            if self._holder == me:
                raise RuntimeError("a second writing unit of work was opened inside an open one")
            if self._holder is None and not self._waiters:
                self._holder = me
                return
            self._waiters.append(turn)
        if not turn.wait(timeout):
            with self._guard:
                if not turn.is_set():
                    self._waiters.remove(turn)
                    raise TimeoutError("the database is busy")
        self._holder = me

    def release(self) -> None:
        """Pass the lock to the longest waiting thread."""
        with self._guard:
            self._holder = None
            if self._waiters:
                self._holder = -1
                self._waiters.popleft().set()


def refuse_writes(engine: Engine) -> None:
    """Refuse statements that write on a read-only connection.

    PostgreSQL would commit them at once, since read-only connections open no transaction; SQLite would lose them.
    """

    @event.listens_for(engine, "before_cursor_execute")
    def before_cursor_execute(
        connection: Connection,
        _cursor: object,
        statement: str,
        _parameters: object,
        context: DefaultExecutionContext,
        _many: bool,
    ) -> None:
        is_write = context.isinsert or context.isupdate or context.isdelete or _WRITES(statement)
        if is_write and not connection.get_execution_options().get(WRITE):
            raise ReadOnlyWork(f"a reading connection was asked to {statement[:60]}")


def prepare_sqlite(engine: Engine) -> None:
    """Configure SQLite transactions.

    Writers use ``BEGIN IMMEDIATE`` behind a fair lock of the process, readers ``BEGIN``.
    """
    lock, milliseconds = FairLock(), int(WRITER_SECONDS * 1000)

    @event.listens_for(engine, "connect")
    def connect(connection: "sqlite3.Connection", _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={milliseconds}")
        for pragma in ("foreign_keys=ON", "synchronous=FULL", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        write_ahead(connection)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if not connection.get_execution_options().get(WRITE):
            connection.exec_driver_sql("BEGIN")
            return
        lock.acquire(timeout=WRITER_SECONDS)
        connection.connection._connection_record.info[_OWNER] = True
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    # The connection returns to the pool right after COMMIT or ROLLBACK: only then is the database free.
    def release(connection: "sqlite3.Connection | None", record: ConnectionPoolEntry, *_: object) -> None:
        # After a failed COMMIT, as on a full disk, SQLAlchemy does not roll back: every later writer would be refused.
        if connection is not None and connection.in_transaction:
            connection.rollback()
        if record.info.pop(_OWNER, False):
            lock.release()

    event.listen(engine, "checkin", release)
    event.listen(engine, "invalidate", release)


def write_ahead(connection: "sqlite3.Connection") -> None:
    """Turn on SQLite's write-ahead log.

    Thus readers and a writer can work concurrently.

    The setting is stored in the file. If several processes turn it on at once, all but one are refused without waiting:
    SQLite detects a deadlock.

    :raises sqlite3.OperationalError: when it could not be turned on for :data:`TURNING_ON` seconds.
    """
    import sqlite3

    until = time.monotonic() + TURNING_ON
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)  # SQLite reports a deadlock at once, whatever its busy_timeout
        else:
            return


def prepare_postgresql(engine: Engine) -> None:
    """Discard stale pooled connections, and do not prepare statements with many ids.

    A ping would be one more round trip for every unit of work; a closed connection is visible at the
    socket. Only one that was idle for long is pinged.
    """

    @event.listens_for(engine, "checkout")
    def checkout(connection: Any, record: ConnectionPoolEntry, _: object) -> None:
        now = time.monotonic()
        is_fresh = now - record.info.get(_SINCE, now) <= ASK
        if _is_spoken_to(connection) or not (is_fresh or _answers(engine, connection)):
            raise InvalidatePoolError

    @event.listens_for(engine, "checkin")
    def checkin(_: object, record: ConnectionPoolEntry) -> None:
        record.info[_SINCE] = time.monotonic()

    # In a generic plan PostgreSQL assumes ten ids and compares each row with all of them.
    @event.listens_for(engine, "do_execute")
    def do_execute(cursor: Any, statement: str, parameters: object, context: DefaultExecutionContext) -> bool:
        # Server-side cursors are planned each time.
        if PLANNED_EACH_TIME not in statement or context.execution_options.get("stream_results"):
            return False
        cursor.execute(statement, parameters, prepare=False)
        return True


def _is_spoken_to(connection: Any) -> bool:
    """Return whether data is waiting on an idle connection.

    PostgreSQL sends only a termination message there.
    """
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return bool(poll.poll(0))


def _answers(engine: Engine, connection: Any) -> bool:
    try:
        return engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error:
        return False
