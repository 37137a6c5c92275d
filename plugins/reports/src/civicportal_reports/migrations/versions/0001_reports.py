"""Reports."""

import sqlalchemy as sa
from alembic import op

from civicportal import db

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of reports."""
    op.create_table(
        "reports_report",
        sa.Column("case_id", db.BigId, autoincrement=False, nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("district", sa.String(length=100), nullable=False),
        sa.Column("street", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_reports_report_case_id_cases"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_reports_report")),
    )
    op.create_index(op.f("ix_reports_report_lat_lon"), "reports_report", ["lat", "lon"])
    op.create_index(op.f("ix_reports_report_district"), "reports_report", ["district"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("reports_report")
