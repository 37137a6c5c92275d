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
        "feedback_feedback",
        sa.Column("case_id", db.BigId, autoincrement=False, nullable=False),
        sa.Column("type", sa.String(length=12), nullable=False),
        sa.Column("unit_id", db.BigId, nullable=True),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("consent", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_feedback_feedback_case_id_cases"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_feedback_feedback_unit_id_units"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_feedback_feedback")),
    )
    with op.batch_alter_table("feedback_feedback", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feedback_feedback_type"), ["type"], unique=False)
        batch_op.create_index(batch_op.f("ix_feedback_feedback_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "feedback_publication",
        sa.Column("case_id", db.BigId, autoincrement=False, nullable=False),
        sa.Column("heard", sa.String(length=300), nullable=False),
        sa.Column("done", sa.Text(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("published_at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_feedback_publication_case_id_cases"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_feedback_publication")),
    )
    with op.batch_alter_table("feedback_publication", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_feedback_publication_public_published_at"),
            ["public", "published_at"],
            unique=False,
        )


def downgrade() -> None:
    with op.batch_alter_table("feedback_publication", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_feedback_publication_public_published_at"))

    op.drop_table("feedback_publication")
    with op.batch_alter_table("feedback_feedback", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_feedback_feedback_unit_id"))
        batch_op.drop_index(batch_op.f("ix_feedback_feedback_type"))

    op.drop_table("feedback_feedback")
