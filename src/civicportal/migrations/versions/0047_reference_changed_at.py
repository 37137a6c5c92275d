"""The time of the last change of reference data."""

import sqlalchemy as sa
from alembic import op
from civicportal import db

revision = "0047"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("reference_stamp", sa.Column("changed_at", db.UTCDateTime(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("reference_stamp", "changed_at")
