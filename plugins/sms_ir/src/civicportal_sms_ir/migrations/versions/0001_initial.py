"""Initial."""

import sqlalchemy as sa
from alembic import op

from civicportal import db

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sms_ir_delivery",
        sa.Column("provider_id", sa.String(length=40), nullable=False),
        sa.Column("message_id", db.BigId, nullable=False),
        sa.Column("sent_at", db.UTCDateTime(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("next_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_sms_ir_delivery")),
    )
    with op.batch_alter_table("sms_ir_delivery", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sms_ir_delivery_message_id"), ["message_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sms_ir_delivery_next_at"), ["next_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sms_ir_delivery_sent_at"), ["sent_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("sms_ir_delivery", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sms_ir_delivery_sent_at"))
        batch_op.drop_index(batch_op.f("ix_sms_ir_delivery_next_at"))
        batch_op.drop_index(batch_op.f("ix_sms_ir_delivery_message_id"))

    op.drop_table("sms_ir_delivery")
