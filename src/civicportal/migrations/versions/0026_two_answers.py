"""Add ratings by one of two answers, which do not count among stars.

Existing ratings keep their stars.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "ratings", sa.Column("two_answers", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_index(
        op.f("ix_ratings_updated_at_two_answers_stars"), "ratings", ["updated_at", "two_answers", "stars"]
    )
    op.drop_index("ix_ratings_updated_at_stars", table_name="ratings")


def downgrade() -> None:
    op.create_index("ix_ratings_updated_at_stars", "ratings", ["updated_at", "stars"])
    op.drop_index(op.f("ix_ratings_updated_at_two_answers_stars"), table_name="ratings")
    op.drop_column("ratings", "two_answers")
