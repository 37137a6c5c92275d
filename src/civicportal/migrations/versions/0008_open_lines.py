"""Copy the sort and filter columns of cases to referrals.

Triggers write them; those of SQLite, which a migration may lose, are created after it: see civicportal.kartable.copies.
Closed referrals keep their values, or none: they are not sorted.
"""

import sqlalchemy as sa
from alembic import op

from civicportal import db

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COPIES = (
    ("kind", sa.String(length=40)),
    ("category_id", db.BigId),
    ("status", sa.String(length=40)),
    ("stage", sa.String(length=12)),
    ("deadline", db.UTCDateTime()),
    ("paused_at", db.UTCDateTime()),
    ("sent_at", db.UTCDateTime()),
    ("changed_at", db.UTCDateTime()),
)
OPEN = sa.text("closed_at IS NULL")
NEW = sa.text("closed_at IS NULL AND read_at IS NULL")
INDEXES = {
    "ix_referrals_to_user": ("to_user_id", "deadline", "case_id"),
    "ix_referrals_taken_by": ("taken_by_id", "deadline", "case_id"),
    "ix_referrals_unit_deadline": ("to_unit_id", "kind", "deadline", "case_id"),
    "ix_referrals_unit_sent": ("to_unit_id", "kind", "sent_at", "case_id"),
    "ix_referrals_category": ("category_id", "deadline", "case_id"),
    "ix_referrals_kind_deadline": ("kind", "deadline", "case_id"),
    "ix_referrals_unit_changed": ("to_unit_id", "kind", "changed_at", "case_id"),
    "ix_referrals_deadline": ("deadline", "case_id"),
    "ix_referrals_sent": ("sent_at", "case_id"),
    "ix_referrals_changed": ("changed_at", "case_id"),
}
POSTGRESQL = (
    """
    CREATE FUNCTION referrals_copy() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        SELECT kind, category_id, status, stage, deadline, paused_at, created_at, updated_at
        INTO NEW.kind, NEW.category_id, NEW.status, NEW.stage, NEW.deadline, NEW.paused_at, NEW.sent_at,
            NEW.changed_at
        FROM cases WHERE id = NEW.case_id;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER referrals_opened BEFORE INSERT ON referrals
    FOR EACH ROW WHEN (NEW.closed_at IS NULL) EXECUTE FUNCTION referrals_copy()
    """,
    """
    CREATE TRIGGER referrals_opened_again BEFORE UPDATE OF closed_at ON referrals
    FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL AND NEW.closed_at IS NULL) EXECUTE FUNCTION referrals_copy()
    """,
    """
    CREATE FUNCTION cases_to_lines() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE referrals SET kind = NEW.kind, category_id = NEW.category_id, status = NEW.status,
            stage = NEW.stage, deadline = NEW.deadline, paused_at = NEW.paused_at, sent_at = NEW.created_at,
            changed_at = NEW.updated_at
        WHERE case_id = NEW.id AND closed_at IS NULL;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER cases_to_lines
    AFTER UPDATE OF kind, category_id, status, stage, deadline, paused_at, created_at, updated_at ON cases
    FOR EACH ROW WHEN (
        (OLD.kind, OLD.category_id, OLD.status, OLD.stage, OLD.deadline, OLD.paused_at, OLD.created_at, OLD.updated_at)
        IS DISTINCT FROM
        (NEW.kind, NEW.category_id, NEW.status, NEW.stage, NEW.deadline, NEW.paused_at, NEW.created_at, NEW.updated_at)
    ) EXECUTE FUNCTION cases_to_lines()
    """,
)
POSTGRESQL_BACK = (
    "DROP TRIGGER cases_to_lines ON cases",
    "DROP TRIGGER referrals_opened ON referrals",
    "DROP TRIGGER referrals_opened_again ON referrals",
    "DROP FUNCTION cases_to_lines()",
    "DROP FUNCTION referrals_copy()",
)
FILL = """
UPDATE referrals SET (kind, category_id, status, stage, deadline, paused_at, sent_at, changed_at) = (
    SELECT kind, category_id, status, stage, deadline, paused_at, created_at, updated_at FROM cases
    WHERE cases.id = referrals.case_id
) WHERE closed_at IS NULL AND id BETWEEN :first AND :last
"""
BATCH = 20_000
"""Ids of referrals per statement."""


def upgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if is_postgresql:
        # Reads every open referral once, and creates indexes over all of them.
        op.execute("SET LOCAL statement_timeout = '30min'")
    for name, kind in COPIES:
        op.add_column("referrals", sa.Column(name, kind, nullable=True))
    if is_postgresql:
        for statement in POSTGRESQL:
            op.execute(statement)
    _fill()
    for name, columns in INDEXES.items():
        op.create_index(name, "referrals", columns, postgresql_where=OPEN, sqlite_where=OPEN)
    columns = INDEXES["ix_referrals_unit_deadline"]
    op.create_index("ix_referrals_unit_new", "referrals", columns, postgresql_where=NEW, sqlite_where=NEW)
    op.create_index("ix_referrals_closed_by_id_closed_at", "referrals", ["closed_by_id", "closed_at"])


def _fill() -> None:
    bind = op.get_bind()
    newest = bind.scalar(sa.text("SELECT coalesce(max(id), 0) FROM referrals"))
    for first in range(1, newest + 1, BATCH):
        bind.execute(sa.text(FILL), {"first": first, "last": first + BATCH - 1})


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in POSTGRESQL_BACK:
            op.execute(statement)
    op.drop_index("ix_referrals_closed_by_id_closed_at", "referrals")
    for name in ("ix_referrals_unit_new", *INDEXES):
        op.drop_index(name, "referrals")
    for name, _kind in COPIES:
        op.drop_column("referrals", name)
