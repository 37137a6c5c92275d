"""Add covering indexes for referrals."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLE = "referrals"
ELSEWHERE = sa.text("elsewhere IS NOT NULL")
PEOPLE = {"to_user": sa.text("to_user_id IS NOT NULL"), "taken_by": sa.text("taken_by_id IS NOT NULL")}


def upgrade() -> None:
    _patiently()
    op.drop_index(f"ix_{TABLE}_elsewhere", TABLE)
    _elsewhere("created_at", "case_id")
    for person, held in PEOPLE.items():
        columns = [f"{person}_id", "kind", "to_unit_id", "category_id", "created_at", "case_id"]
        op.create_index(
            f"ix_{TABLE}_ever_{person}", TABLE, columns, postgresql_where=held, sqlite_where=held
        )
        op.drop_index(f"ix_{TABLE}_{person}_id_kind_case_id", TABLE)


def downgrade() -> None:
    _patiently()
    op.drop_index(f"ix_{TABLE}_elsewhere", TABLE)
    _elsewhere("case_id")
    for person in PEOPLE:
        op.create_index(f"ix_{TABLE}_{person}_id_kind_case_id", TABLE, [f"{person}_id", "kind", "case_id"])
        op.drop_index(f"ix_{TABLE}_ever_{person}", TABLE)


def _elsewhere(*columns: str) -> None:
    op.create_index(
        f"ix_{TABLE}_elsewhere",
        TABLE,
        ["to_unit_id", "elsewhere", *columns],
        postgresql_where=ELSEWHERE,
        sqlite_where=ELSEWHERE,
    )


def _patiently() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL statement_timeout = '30min'")
