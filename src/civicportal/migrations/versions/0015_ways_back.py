"""Add indexes for deleting codes and erasing people."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

OF_A_CODE = sa.text("challenge_id IS NOT NULL")
DOINGS = ("audit_events", "case_events")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL statement_timeout = '30min'")
    op.create_index(
        "ix_outbox_challenge_id",
        "outbox",
        ["challenge_id"],
        postgresql_where=OF_A_CODE,
        sqlite_where=OF_A_CODE,
    )
    for table in DOINGS:
        op.create_index(f"ix_{table}_actor_id", table, ["actor_id"])


def downgrade() -> None:
    for table in DOINGS:
        op.drop_index(f"ix_{table}_actor_id", table)
    op.drop_index("ix_outbox_challenge_id", "outbox")
