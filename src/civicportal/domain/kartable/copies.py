"""SQLite triggers that copy case columns to referrals.

A migration on SQLite copies a table that it alters, which loses the triggers of that table and is refused while one of
another table names it. So they are dropped during migrations and created again afterwards.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, inspect

from civicportal.core.db import without_triggers

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


_ELSEWHERE = """
    UPDATE referrals SET (kind, category_id, elsewhere) = (
        SELECT kind, category_id, CASE WHEN unit_id IS NOT new.to_unit_id THEN kind END FROM cases WHERE id = new.case_id
    ) WHERE id = new.id;
"""
_DROP_ELSEWHERE = (
    "DROP TRIGGER IF EXISTS referrals_added_elsewhere",
    "DROP TRIGGER IF EXISTS referrals_changed_elsewhere",
    "DROP TRIGGER IF EXISTS cases_elsewhere",
)
_CREATE_ELSEWHERE = (
    "CREATE TRIGGER referrals_added_elsewhere AFTER INSERT ON referrals BEGIN" + _ELSEWHERE + "END",
    """
        CREATE TRIGGER referrals_changed_elsewhere AFTER UPDATE OF case_id, to_unit_id ON referrals BEGIN
    """
    + _ELSEWHERE
    + "END",
    """
        CREATE TRIGGER cases_elsewhere AFTER UPDATE OF kind, category_id, unit_id ON cases
        WHEN old.kind IS NOT new.kind OR old.category_id IS NOT new.category_id OR old.unit_id IS NOT new.unit_id BEGIN
            UPDATE referrals SET kind = new.kind, category_id = new.category_id,
                elsewhere = CASE WHEN to_unit_id IS NOT new.unit_id THEN new.kind END
            WHERE case_id = new.id;
        END
    """,
)


@contextmanager
def without_copies(connection: Connection) -> Iterator[None]:
    """Drop SQLite's copy triggers during a migration, and create them again if referrals have the columns."""
    case_copies = without_triggers(connection, _DROP, _CREATE, lambda _c: _has(connection, "changed_at"))
    unit_copies = without_triggers(
        connection, _DROP_ELSEWHERE, _CREATE_ELSEWHERE, lambda _c: _has(connection, "elsewhere")
    )
    with case_copies, unit_copies:
        yield


def _has(connection: Connection, name: str) -> bool:
    tables = inspect(connection)
    return tables.has_table("referrals") and name in {c["name"] for c in tables.get_columns("referrals")}
