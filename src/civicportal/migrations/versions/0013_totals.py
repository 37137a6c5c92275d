"""Total counters, for the lengths of lists.

``civicportal db upgrade`` fills them afterwards, as it does the monthly ones.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MEASURES = ("on_time", "late", "reopened", "rated", "satisfied", "hops")
#: Few rows with many updates: a low fill factor, and frequent vacuum.
STORAGE = (
    "fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02,"
    " autovacuum_analyze_scale_factor = 0.02"
)


def upgrade() -> None:
    op.create_table(
        "case_totals",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        *(
            sa.Column(
                name,
                sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
                autoincrement=False,
                nullable=False,
            )
            for name in ("category_id", "unit_id")
        ),
        sa.Column("n", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in MEASURES),
        sa.PrimaryKeyConstraint(
            "kind", "stage", "status", "category_id", "unit_id", name=op.f("pk_case_totals")
        ),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE case_totals SET ({STORAGE})")


def downgrade() -> None:
    op.drop_table("case_totals")
