"""The index of words.

PostgreSQL has the words of a case as a ``tsvector`` with a GIN index in a separate table, so that a step of a case does
not touch it; no extension is needed. The ``tsvector`` also contains kind, category, units and persons of the case,
marked with ``#``, so that a search of an officer who sees few cases reads only those. SQLite has an FTS5 table over
``cases``. Triggers write both in the transaction that writes the case, PostgreSQL's at its end. Names of people are
stored separately, marked with ``@`` or in a column.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from weakref import WeakSet

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    bindparam,
    create_engine,
    event,
    func,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from civicportal.core.db import Engines, make_engines
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.models import Case
from civicportal.domain.organization.models import Category
from civicportal.util.persian import folded

if TYPE_CHECKING:
    from civicportal.core.work import Work

Progress = Callable[[str], None]
BATCH = 2000
"""Cases in one transaction."""
_MOST_OF_PERSONS = 400
"""Characters of ``Case.search_person``."""

_READY = {
    "postgresql": text(
        "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('ix_case_search_doc') AND indisvalid"
    ),
    "sqlite": text("SELECT 1 FROM sqlite_master WHERE name = 'case_search'"),
}
_ALONE = text("SELECT pg_try_advisory_lock(hashtext('ix_case_search_doc'))")
"""A lock of the connection's own, which it keeps until it is closed."""
_FTS5 = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS case_search USING fts5(search_text, search_person,"
    " content='cases', content_rowid='id', tokenize='ascii', detail='column', columnsize=0)"
)
_PUT = "INSERT INTO case_search (rowid, search_text, search_person) VALUES (new.id, new.search_text, new.search_person);"
_TAKE = (
    "INSERT INTO case_search (case_search, rowid, search_text, search_person)"
    " VALUES ('delete', old.id, old.search_text, old.search_person);"
)
_CHANGED = "old.search_text IS NOT new.search_text OR old.search_person IS NOT new.search_person"
_TRIGGERS = (
    f"CREATE TRIGGER IF NOT EXISTS case_search_insert AFTER INSERT ON cases BEGIN {_PUT} END",
    f"CREATE TRIGGER IF NOT EXISTS case_search_delete AFTER DELETE ON cases BEGIN {_TAKE} END",
    "CREATE TRIGGER IF NOT EXISTS case_search_update AFTER UPDATE OF search_text, search_person ON cases"
    f" WHEN {_CHANGED} BEGIN {_TAKE} {_PUT} END",
)
_FILL = text(
    "INSERT INTO case_search (case_id, doc) SELECT id, case_search_of(id) FROM cases"
    " WHERE id BETWEEN :first AND :last"
    " ON CONFLICT (case_id) DO UPDATE SET doc = excluded.doc WHERE case_search.doc <> excluded.doc"
)
_OUT_OF_STEP = text(
    "SELECT count(*) FROM cases LEFT JOIN case_search ON case_id = id"
    " WHERE id BETWEEN :first AND :last AND doc IS DISTINCT FROM case_search_of(id)"
)
_ready: "WeakSet[Engine]" = WeakSet()


class SearchIndex:
    """Makes the index, and looks whether it is right."""

    def __init__(self, engines: Engines) -> None:
        self.engines = engines

    def is_ready(self, session: Session) -> bool:
        """Return whether the index is complete.

        Until then it must not be queried.
        """
        if self.engines.read not in _ready and session.scalar(_READY[self.engines.dialect]):
            _ready.add(self.engines.read)
        return self.engines.read in _ready

    def build(self, progress: Progress | None = None) -> None:
        """Build the index, or continue an interrupted build.

        Cases may be written concurrently.
        """
        with self._patient() as engines, Session(engines.read) as session:
            if session.scalar(_READY[engines.dialect]):
                return
        self.rebuild(progress)

    def rebuild(self, progress: Progress | None = None) -> int:
        """Rewrite wrong words of cases, newest first, then the index.

        :returns: in how many cases the words were wrong.
        """
        wrong = 0
        with self._patient() as engines:
            for first, last in spans(engines, progress):
                with engines.write.begin() as connection:
                    wrong += fold_words(connection, Case.id.between(first, last))
                    if engines.dialect == "postgresql":
                        connection.execute(_FILL, {"first": first, "last": last})
            if engines.dialect == "postgresql":
                _index(engines)
            else:
                _fill_fts5(engines)
        return wrong

    def verify(self) -> tuple[int, int]:
        """Return the number of errors in words and index.

        For the index of SQLite 1 means some.
        """
        words = index = 0
        with self._patient() as engines:
            for first, last in spans(engines):
                with engines.read.connect() as connection:
                    words += len(wrong_words(connection, Case.id.between(first, last)))
                    if engines.dialect == "postgresql":
                        index += connection.execute(_OUT_OF_STEP, {"first": first, "last": last}).scalar_one()
            return words, index if engines.dialect == "postgresql" else _is_fts5_wrong(engines)

    @contextmanager
    def _patient(self) -> Iterator[Engines]:
        """Yield connections of their own, which wait longer than a page may."""
        engines = make_engines(
            self.engines.read.url.render_as_string(hide_password=False), statement_timeout=60, lock_timeout=10
        )
        try:
            yield engines
        finally:
            engines.dispose()


def spans(engines: Engines, progress: Progress | None = None) -> Iterator[tuple[int, int]]:
    """Yield the first and last id of batches of :data:`BATCH` cases, newest first."""
    with engines.read.connect() as connection:
        highest = connection.execute(select(func.max(Case.id))).scalar() or 0
    for last in range(highest, 0, -BATCH):
        yield max(last - BATCH + 1, 1), last
        if progress and (highest - last) // BATCH % 25 == 24:
            progress(f"search: {highest - last + BATCH} of {highest} cases")


def _index(engines: Engines) -> None:
    # No transaction is open while the index of a large table is built.
    engine = create_engine(engines.read.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # One process builds at a time. A statement that waits for the lock would have a snapshot, for whose end CREATE
        # INDEX CONCURRENTLY of the other process waits: a deadlock. So each try is a statement of its own.
        while not connection.execute(_ALONE).scalar():
            time.sleep(0.1)  # for the other process: see above why no statement waits for it
        if connection.execute(_READY["postgresql"]).scalar():
            return
        connection.execute(text("DROP INDEX IF EXISTS ix_case_search_doc"))
        connection.execute(
            text(
                "CREATE INDEX CONCURRENTLY ix_case_search_doc ON case_search"
                " USING gin (doc) WITH (gin_pending_list_limit = 256)"
            )
        )
        connection.execute(text("ANALYZE case_search"))


def _fill_fts5(engines: Engines) -> None:
    with engines.write.begin() as connection:
        connection.execute(text(_FTS5))
        put_triggers(connection)
        connection.execute(text("INSERT INTO case_search (case_search) VALUES ('rebuild')"))


def _is_fts5_wrong(engines: Engines) -> bool:
    check = text("INSERT INTO case_search (case_search, rank) VALUES ('integrity-check', 1)")
    try:
        with engines.write.begin() as connection:
            connection.execute(check)
    except DatabaseError as problem:
        if "malformed" not in str(problem) and "no such table" not in str(problem):
            raise
        return True
    return False


def put_triggers(connection: Connection) -> None:
    """Put SQLite's triggers back: a migration that copies ``cases`` loses them."""
    if connection.dialect.name == "sqlite" and connection.execute(_READY["sqlite"]).scalar():
        for trigger in _TRIGGERS:
            connection.execute(text(trigger))


def has_words(connection: Connection) -> bool:
    """Return whether the tables of the index exist.

    A migration may have stopped before them.
    """
    tables = inspect(connection)
    return tables.has_table("cases") and "search_person" in {c["name"] for c in tables.get_columns("cases")}


def fold_words(connection: Connection, which: ColumnElement[bool]) -> int:
    """Rewrite wrong entries of locked cases; return their number."""
    # Held first, read then: a statement that waited for a case would see its person and category as they were before.
    held = (
        connection.execute(select(Case.id).where(which).order_by(Case.id).with_for_update()).scalars().all()
    )
    wrong = [{"case_id": case_id, **values} for case_id, values in wrong_words(connection, Case.id.in_(held))]
    if wrong:
        columns: dict[str, object] = {name: bindparam(name) for name in ("search_text", "search_person")}
        connection.execute(update(Case).where(Case.id == bindparam("case_id")).values(columns), wrong)
    return len(wrong)


def wrong_words(connection: Connection, which: ColumnElement[bool]) -> list[tuple[int, dict[str, str]]]:
    """Return the right words of cases with wrong ones, by id."""
    rows = connection.execute(
        select(
            Case.id,
            Case.subject,
            Case.place,
            Case.body,
            func.coalesce(Category.name, "").label("category"),
            func.coalesce(User.name, "").label("name"),
            Case.people,
            Case.search_text,
            Case.search_person,
        )
        .outerjoin(Category, Category.id == Case.category_id)
        .outerjoin(User, User.id == Case.citizen_id)
        .where(which)
    ).all()
    found = []
    for row in rows:
        right = words_of(row.subject, row.place, row.body, row.category, row.name, row.people)
        if right != {"search_text": row.search_text, "search_person": row.search_person}:
            found.append((row.id, right))
    return found


def words_of(subject: str, place: str, body: str, category: str, *names: str) -> dict[str, str]:
    """Return the values of the columns that are searched.

    :param names: of the citizen, and of others by whom the case is found.
    """
    return {"search_text": folded(subject, place, body, category), "search_person": _person_words(*names)}


def as_lines(names: Iterable[str]) -> str:
    """Return names as ``Case.people`` keeps them."""
    return "\n".join(name for name in names if name)


def _person_words(*names: str) -> str:
    words = folded(*names)
    return words if len(words) <= _MOST_OF_PERSONS else words[: _MOST_OF_PERSONS + 1].rpartition(" ")[0]


def citizen_name(work: "Work", citizen_id: int | None) -> str:
    """Return the name of a citizen.

    The database is queried only if it is not the actor.
    """
    if citizen_id is None:
        return ""
    if citizen_id == work.actor.user_id:
        return work.actor.name
    citizen = work.session.get(User, citizen_id)
    return citizen.name if citizen else ""


@event.listens_for(User, "after_update")
def _follow_name(_mapper: object, connection: Connection, user: User) -> None:
    """Let the cases of a person be found by the new name."""
    if not inspect(user).attrs.name.history.has_changes():
        return
    theirs = update(Case).where(Case.citizen_id == user.id)
    connection.execute(theirs.where(Case.people == "").values(search_person=_person_words(user.name)))
    named = select(Case.id, Case.people).where(Case.citizen_id == user.id, Case.people != "")
    for case_id, people in connection.execute(named).all():
        words = _person_words(user.name, people)
        connection.execute(update(Case).where(Case.id == case_id).values(search_person=words))
