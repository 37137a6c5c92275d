"""Add worker processes and run details of jobs."""

import sqlalchemy as sa
from alembic import op

from civicportal import db

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("host", sa.String(length=100), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("lanes", sa.JSON(), nullable=False),
        sa.Column("started_at", db.UTCDateTime(), nullable=False),
        sa.Column("seen_at", db.UTCDateTime(), nullable=False),
        sa.Column("stopped_at", db.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_index(op.f("ix_workers_seen_at"), "workers", ["seen_at"], unique=False)
    op.add_column("job_runs", sa.Column("started_at", db.UTCDateTime(), nullable=True))
    op.add_column("job_runs", sa.Column("worker_id", sa.String(length=32), nullable=True))
    op.add_column("job_runs", sa.Column("last_seconds", sa.Float(), nullable=True))
    op.add_column("job_runs", sa.Column("failures", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("job_runs", "failures")
    op.drop_column("job_runs", "last_seconds")
    op.drop_column("job_runs", "worker_id")
    op.drop_column("job_runs", "started_at")
    op.drop_index(op.f("ix_workers_seen_at"), table_name="workers")
    op.drop_table("workers")
