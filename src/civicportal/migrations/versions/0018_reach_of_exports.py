"""Add the scope of exports.

It is unknown for existing files: they can no longer be downloaded, and have to be ordered again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("export_jobs", sa.Column("reach", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("export_jobs", "reach")
