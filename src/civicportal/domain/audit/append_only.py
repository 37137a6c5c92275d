"""What guards the trail, and how migrations get past it. The guards of PostgreSQL are made by the core's migration 0010.

A trail is written and read: the database refuses to change or delete rows of it, whoever asks by the portal's account. Words may
be blanked, for people are forgotten, and a case takes its history along. Who owns the tables can take the guards away: that a
row was changed then shows by its seal.

A migration on SQLite copies a table that it alters, which loses the triggers of that table. So they are put back afterwards.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, inspect, text

from civicportal.core.db import triggers_aside

_DROP = (
    "DROP TRIGGER IF EXISTS audit_events_unchanged",
    "DROP TRIGGER IF EXISTS audit_events_kept",
    "DROP TRIGGER IF EXISTS audit_seals_unchanged",
    "DROP TRIGGER IF EXISTS audit_seals_kept",
    "DROP TRIGGER IF EXISTS case_events_unchanged",
    "DROP TRIGGER IF EXISTS case_events_kept",
)
_CREATE = (
    """
    CREATE TRIGGER audit_events_unchanged
    BEFORE UPDATE OF id, at, action, actor_id, door, subject_id, case_id, digests ON audit_events
    BEGIN SELECT RAISE(ABORT, 'the trail is written and read, never changed'); END
    """,
    """
    CREATE TRIGGER audit_events_kept BEFORE DELETE ON audit_events
    BEGIN SELECT RAISE(ABORT, 'the trail is written and read, never changed'); END
    """,
    """
    CREATE TRIGGER audit_seals_unchanged BEFORE UPDATE ON audit_seals
    BEGIN SELECT RAISE(ABORT, 'the trail is written and read, never changed'); END
    """,
    """
    CREATE TRIGGER audit_seals_kept BEFORE DELETE ON audit_seals
    BEGIN SELECT RAISE(ABORT, 'the trail is written and read, never changed'); END
    """,
    """
    CREATE TRIGGER case_events_unchanged
    BEFORE UPDATE OF id, at, case_id, type, transition, before, after, actor_id, door, on_behalf_of_id, unit_id,
        public, digests ON case_events
    BEGIN SELECT RAISE(ABORT, 'the trail is written and read, never changed'); END
    """,
    """
    CREATE TRIGGER case_events_kept BEFORE DELETE ON case_events
    WHEN EXISTS (SELECT 1 FROM cases WHERE id = old.case_id)
    BEGIN SELECT RAISE(ABORT, 'the trail is written and read, never changed'); END
    """,
)
_SINCE = "0010"
"""The core's migration that guards the trail."""


@contextmanager
def guards_aside(connection: Connection) -> Iterator[None]:
    """Let a transaction change the trail, as whoever owns the tables can.

    SQLite's guards are taken away meanwhile, and put back where the core is new enough for them; those of PostgreSQL let
    the transaction pass until it ends.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(text("SET LOCAL civicportal.trail = 'open'"))
    with triggers_aside(connection, _DROP, _CREATE, _is_guarded):
        yield


def _is_guarded(connection: Connection) -> bool:
    if not inspect(connection).has_table("alembic_version_civicportal"):
        return False
    revision = connection.scalar(text("SELECT version_num FROM alembic_version_civicportal"))
    return revision is not None and str(revision) >= _SINCE
