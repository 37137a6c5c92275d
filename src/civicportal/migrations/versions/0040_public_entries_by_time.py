"""Find the public entries of the histories by their time."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_case_events_public",
        "case_events",
        ["at", "id"],
        postgresql_where=sa.text("public"),
        sqlite_where=sa.text("public = 1"),
    )


def downgrade() -> None:
    op.drop_index("ix_case_events_public", "case_events")
