"""Triggers that protect the audit trail.

The database refuses changes and deletions of rows, whichever code uses the portal's account. Texts may be emptied for
erasure, and a history is deleted with its case. The owner of the tables can drop the triggers: the seals then show that
a row was changed.

A migration on SQLite copies a table that it alters, which loses the triggers of that table. So they are created again
afterwards.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, inspect, text

from civicportal.core.db import without_triggers

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
"""The migration that created the triggers."""


@contextmanager
def without_guards(connection: Connection) -> Iterator[None]:
    """Temporarily allow changes of the audit trail.

    SQLite's triggers are dropped during that time, and created again if the schema is new enough; those of PostgreSQL
    are disabled until the transaction ends.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(text("SET LOCAL civicportal.trail = 'open'"))
    with without_triggers(connection, _DROP, _CREATE, _is_guarded):
        yield


def _is_guarded(connection: Connection) -> bool:
    if not inspect(connection).has_table("alembic_version_civicportal"):
        return False
    revision = connection.scalar(text("SELECT version_num FROM alembic_version_civicportal"))
    return revision is not None and str(revision) >= _SINCE
