"""Administration."""

import sqlalchemy as sa
from alembic import op

from civicportal import db

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notification_choices",
        sa.Column("user_id", db.BigId, nullable=False),
        sa.Column("case_notices", sa.Boolean(), nullable=False),
        sa.Column("reminders", sa.Boolean(), nullable=False),
        sa.Column("announcements", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.Boolean(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_notification_choices_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notification_choices")),
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("deleted_by_id", db.BigId, nullable=True))
        batch_op.drop_index(batch_op.f("ix_users_national_code_index"))
        batch_op.create_index(
            batch_op.f("ix_users_national_code_index"), ["national_code_index"], unique=True
        )


def downgrade() -> None:
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_users_national_code_index"))
        batch_op.create_index(
            batch_op.f("ix_users_national_code_index"), ["national_code_index"], unique=False
        )
        batch_op.drop_column("deleted_by_id")

    op.drop_table("notification_choices")
