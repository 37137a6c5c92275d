"""Add due dates of jobs, and the mark of cases that their jobs have not closed."""

import sqlalchemy as sa
from alembic import op

from civicportal import db

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("referrals", sa.Column("due_at", db.UTCDateTime(), nullable=True))
    op.add_column("referrals", sa.Column("jobs_ended", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("referrals", "jobs_ended")
    op.drop_column("referrals", "due_at")
