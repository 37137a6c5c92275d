"""With which memberships a file was written: it is not for somebody who has come to another unit since.

Of the files that are there nobody knows it. They are offered no more, and ordered once more within the three days they had.
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
