"""Let automations and routing rules ask for an answer of the case."""

import sqlalchemy as sa
from alembic import op
from civicportal import db

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("automations", sa.Column("choice_id", db.BigId, nullable=True))
    op.add_column("routing_rules", sa.Column("choice_id", db.BigId, nullable=True))


def downgrade() -> None:
    op.drop_column("routing_rules", "choice_id")
    op.drop_column("automations", "choice_id")
