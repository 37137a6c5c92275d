"""Names by which a case is found besides its citizen's."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("people", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("cases", "people")
