"""Which backups were made and verified."""

import sqlalchemy as sa
from alembic import op

from civicportal import db

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "backup_runs",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("archive", sa.Text(), nullable=False),
        sa.Column("made_at", db.UTCDateTime(), nullable=False),
        sa.Column("verified_at", db.UTCDateTime(), nullable=True),
        sa.Column("error", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backup_runs")),
    )


def downgrade() -> None:
    op.drop_table("backup_runs")
