"""Expire one-time codes by the machine's uptime too."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("otp_challenges") as batch_op:
        batch_op.add_column(sa.Column("boot", sa.String(36), nullable=True))
        batch_op.add_column(sa.Column("uptime", sa.Float(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("otp_challenges") as batch_op:
        batch_op.drop_column("uptime")
        batch_op.drop_column("boot")
