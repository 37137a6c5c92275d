"""Add the person of an inbound message.

Existing messages are assigned to the current owner of the number.
"""

import sqlalchemy as sa
from alembic import op

from civicportal import db

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

OWNERS = """
UPDATE inbound SET user_id = (SELECT users.id FROM users WHERE users.mobile = inbound.sender)
WHERE sender IN (SELECT mobile FROM users)
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL statement_timeout = '30min'")
    op.add_column("inbound", sa.Column("user_id", db.BigId, nullable=True))
    op.execute(OWNERS)
    op.create_index("ix_inbound_user_id", "inbound", ["user_id"])


def downgrade() -> None:
    op.drop_index("ix_inbound_user_id", "inbound")
    op.drop_column("inbound", "user_id")
