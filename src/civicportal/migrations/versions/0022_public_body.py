"""The public text of a published case."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("public_body", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("cases", "public_body")
