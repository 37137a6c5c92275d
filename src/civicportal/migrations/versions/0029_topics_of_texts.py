"""Add the topic of a ready text.

Existing texts are offered for every topic.
"""

import sqlalchemy as sa
from alembic import op

from civicportal.core import db

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

KEY = "fk_ready_texts_category_id_categories"


def upgrade() -> None:
    with op.batch_alter_table("ready_texts") as table:
        table.add_column(sa.Column("category_id", db.BigId, nullable=True))
        table.create_foreign_key(op.f(KEY), "categories", ["category_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("ready_texts") as table:
        table.drop_constraint(op.f(KEY), type_="foreignkey")
        table.drop_column("category_id")
