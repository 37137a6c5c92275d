"""Add the idempotency keys of the API."""

import sqlalchemy as sa
from alembic import op
from civicportal import db

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "repeatable_calls",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("caller", sa.String(length=40), nullable=False),
        sa.Column("key_hash", sa.String(length=32), nullable=False),
        sa.Column("body_hash", sa.String(length=32), nullable=False),
        sa.Column("made", sa.String(length=100), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repeatable_calls")),
        sa.UniqueConstraint("caller", "key_hash", name=op.f("uq_repeatable_calls_caller_key_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_repeatable_calls_created_at"), "repeatable_calls", ["created_at"])


def downgrade() -> None:
    op.drop_table("repeatable_calls")
