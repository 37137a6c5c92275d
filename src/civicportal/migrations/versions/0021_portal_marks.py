"""Add the portal's id and check values of secrets."""

import sqlalchemy as sa
from alembic import op

from civicportal import db

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "portal_marks",
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", db.UTCDateTime(), nullable=False),
        sa.Column("retired_at", db.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_portal_marks")),
    )


def downgrade() -> None:
    op.drop_table("portal_marks")
