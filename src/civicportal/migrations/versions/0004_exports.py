"""Exports."""

import sqlalchemy as sa
from alembic import op

from civicportal import db

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "export_jobs",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=22), nullable=False),
        sa.Column("user_id", db.BigId, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("format", sa.String(length=10), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("address", sa.JSON(), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("started_at", db.UTCDateTime(), nullable=True),
        sa.Column("finished_at", db.UTCDateTime(), nullable=True),
        sa.Column("expires_at", db.UTCDateTime(), nullable=True),
        sa.Column("file", sa.String(length=22), nullable=True),
        sa.Column("size", db.BigId, nullable=True),
        sa.Column("locked_until", db.UTCDateTime(), nullable=True),
        sa.Column("lease_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_export_jobs_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_jobs")),
        sa.UniqueConstraint("key", name=op.f("uq_export_jobs_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("export_jobs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_export_jobs_file"), ["file"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_export_jobs_state_created_at"), ["state", "created_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_export_jobs_user_id"), ["user_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("export_jobs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_export_jobs_user_id"))
        batch_op.drop_index(batch_op.f("ix_export_jobs_state_created_at"))
        batch_op.drop_index(batch_op.f("ix_export_jobs_file"))

    op.drop_table("export_jobs")
