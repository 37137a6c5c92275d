"""Add indexes for each order of case lists.

Indexes of the referrals of units and people contain their cases; open referrals have indexes of their own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

HOLDERS = ("to_unit_id", "to_user_id", "taken_by_id")
OPEN = sa.text("stage IN ('registered', 'in_progress')")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL statement_timeout = '30min'")
    op.create_index("ix_cases_kind_updated_at_id", "cases", ["kind", "updated_at", "id"])
    op.create_index("ix_cases_kind_deadline_id", "cases", ["kind", "deadline", "id"])
    op.create_index(
        "ix_cases_open_deadline",
        "cases",
        ["kind", "deadline", "id"],
        postgresql_where=OPEN,
        sqlite_where=OPEN,
    )
    _lines("closed_at", "case_id")


def _lines(before: str, after: str) -> None:
    for holder in HOLDERS:
        op.drop_index(f"ix_referrals_{holder}_{before}", "referrals")
        op.create_index(f"ix_referrals_{holder}_{after}", "referrals", [holder, after])


def downgrade() -> None:
    _lines("case_id", "closed_at")
    for name in ("ix_cases_open_deadline", "ix_cases_kind_deadline_id", "ix_cases_kind_updated_at_id"):
        op.drop_index(name, "cases")
