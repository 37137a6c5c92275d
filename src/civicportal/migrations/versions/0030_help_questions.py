"""Add frequent questions of the help."""

import sqlalchemy as sa
from alembic import op

from civicportal.core import db

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "help_questions",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=60), nullable=True),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(length=200), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_questions")),
        sa.UniqueConstraint("key", name=op.f("uq_help_questions_key")),
    )
    op.create_index(op.f("ix_help_questions_locale_position"), "help_questions", ["locale", "position"])


def downgrade() -> None:
    op.drop_index(op.f("ix_help_questions_locale_position"), "help_questions")
    op.drop_table("help_questions")
