"""Citizens follow a part of the city or a category."""

import sqlalchemy as sa
from alembic import op

from civicportal import db

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "reports_subscription",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("user_id", db.BigId, nullable=False),
        sa.Column("category", sa.String(length=60), nullable=False),
        sa.Column("district", sa.String(length=100), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("metres", sa.Integer(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("seen_id", db.BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_reports_subscription_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports_subscription")),
    )
    op.create_index(op.f("ix_reports_subscription_user_id"), "reports_subscription", ["user_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("reports_subscription")
