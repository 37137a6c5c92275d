"""SQLite's triggers that copy a case onto its open line; those of PostgreSQL are made by the core's migration 0008.

A migration on SQLite copies a table that it alters, which loses the triggers of that table and is refused while one of
another table names it. So they are taken aside meanwhile.
"""

from contextlib import AbstractContextManager

from sqlalchemy import Connection, inspect

from civicportal.db import triggers_aside

_COPY = """
    UPDATE referrals SET (kind, category_id, status, stage, deadline, paused_at, sent_at, changed_at) = (
        SELECT kind, category_id, status, stage, deadline, paused_at, created_at, updated_at FROM cases WHERE id = new.case_id
    ) WHERE id = new.id;
"""
_DROP = (
    "DROP TRIGGER IF EXISTS referrals_opened",
    "DROP TRIGGER IF EXISTS referrals_opened_again",
    "DROP TRIGGER IF EXISTS cases_to_lines",
)
_CREATE = (
    """
        CREATE TRIGGER referrals_opened AFTER INSERT ON referrals
        WHEN new.closed_at IS NULL BEGIN
    """
    + _COPY
    + "END",
    """
        CREATE TRIGGER referrals_opened_again AFTER UPDATE OF closed_at ON referrals
        WHEN old.closed_at IS NOT NULL AND new.closed_at IS NULL BEGIN
    """
    + _COPY
    + "END",
    """
        CREATE TRIGGER cases_to_lines
        AFTER UPDATE OF kind, category_id, status, stage, deadline, paused_at, created_at, updated_at ON cases BEGIN
            UPDATE referrals SET kind = new.kind, category_id = new.category_id, status = new.status,
                stage = new.stage, deadline = new.deadline, paused_at = new.paused_at, sent_at = new.created_at,
                changed_at = new.updated_at
            WHERE case_id = new.id AND closed_at IS NULL;
        END
    """,
)


def copies_aside(connection: Connection) -> AbstractContextManager[None]:
    """Take SQLite's triggers away while tables are migrated, and put them back where lines have the columns."""
    return triggers_aside(connection, _DROP, _CREATE, _has_copies)


def _has_copies(connection: Connection) -> bool:
    tables = inspect(connection)
    return tables.has_table("referrals") and "changed_at" in {
        c["name"] for c in tables.get_columns("referrals")
    }
