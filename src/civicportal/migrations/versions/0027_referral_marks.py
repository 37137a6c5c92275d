"""Mark referrals that were returned, of reopened cases, and of cases with an open inquiry."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

MARKS = ("returned", "reopened", "asked")
OPEN_INQUIRIES = "SELECT case_id FROM referrals WHERE type = 'inquiry' AND closed_at IS NULL"


def upgrade() -> None:
    for name in MARKS:
        op.add_column("referrals", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(
        "UPDATE referrals SET reopened = true"
        " WHERE closed_at IS NULL AND case_id IN (SELECT id FROM cases WHERE reopenings > 0)"
    )
    op.execute(
        "UPDATE referrals SET returned = true WHERE type = 'action' AND closed_at IS NULL"
        " AND previous_id IN (SELECT id FROM referrals WHERE closed_how = 'returned')"
    )
    op.execute(
        "UPDATE referrals SET asked = true"
        f" WHERE type = 'action' AND closed_at IS NULL AND case_id IN ({OPEN_INQUIRIES})"
    )


def downgrade() -> None:
    for name in reversed(MARKS):
        op.drop_column("referrals", name)
